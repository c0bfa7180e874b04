import time
from tests.conftest import *
from tests.market import *
from matcher.trading.clear import clear
from matcher.store.tables import Clearing, Match, Demand, Book
from matcher.book.demands import amend_demand
from sqlalchemy import select
import pytest

def test_extreme(ledger, settings, knowledge):
    with ledger.transaction() as s:
        a, b = party(s,"producer"), party(s,"buyer")
        for i in range(40):
            lot(s,a,knowledge,quantity_kg=100_000_000,ask=i,harvest_until=day(1))
            demand(s,b,knowledge,quantity_kg=100_000_000-i,bid=100_000_000-i,min_fill_kg=3*i,min_take_kg=i)
    with ledger.transaction() as s:
        t=time.time(); c=clear(s,"custard_apple",knowledge,settings); print(c.matches,c.welfare,c.optimal,time.time()-t)

def test_max_sellers(ledger, settings, knowledge):
    with ledger.transaction() as s:
        a, b = party(s,"producer"), party(s,"buyer")
        for i in range(3): lot(s,a,knowledge,quantity_kg=100)
        d=demand(s,b,knowledge,quantity_kg=1000,max_sellers=5)
    with ledger.transaction() as s:
        c=clear(s,"custard_apple",knowledge,settings); print(c.matches)
    with ledger.transaction() as s:
        amend_demand(s,b,d.id,{"max_sellers":1},None,knowledge)
    with ledger.transaction() as s:
        c=clear(s,"custard_apple",knowledge,settings); print(c.matches)
