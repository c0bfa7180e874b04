"""One lot and one demand that belong together, matched by the same core and rules as any others."""

from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher import clearing as core
from matcher.catalogue import Crop
from matcher.clearing.rules import RULES
from matcher.clock import now, today
from matcher.contracts.draft import draft, signing_hours
from matcher.errors import Fault, Invalid
from matcher.knowledge import Knowledge
from matcher.store.identifiers import uuid7
from matcher.store.tables import Book, Clearing, Contract, Demand, Lot
from matcher.trading.explain.change import Pair
from matcher.trading.found import found_matches
from matcher.trading.news import tell_of_matches
from matcher.trading.numbers import Numbers, terms_of
from matcher.trading.promise import promise
from matcher.trading.record.record import pack, pack_result
from matcher.trading.snapshot import Snapshot


def match_pair(
    session: Session, lot: Lot, demand: Demand, knowledge: Knowledge, settings: Settings
) -> Contract:
    """Matches all of the two orders, just posted, at the lot's ask; a recorded clearing like any other.

    The demand's bid becomes the ask with transport and the loss of freshness. Raises Invalid naming the rules
    that keep the two apart.
    """
    crop, at = knowledge.catalogue.crop(lot.crop), now()
    snapshot = _snapshot(session, crop, lot, demand, knowledge, settings)
    demand.bid = _bid(snapshot)
    session.flush()
    snapshot = _snapshot(session, crop, lot, demand, knowledge, settings)
    result = core.clear(snapshot.lots, snapshot.demands, snapshot.terms, snapshot.declined)
    columns = result.lot.tolist(), result.demand.tolist(), result.quantity.tolist()
    found = found_matches(snapshot, *columns, crop, timedelta(hours=signing_hours(crop, settings)), at)
    book_version = session.scalar(select(Book.version).where(Book.crop == crop.key))
    written = Clearing(
        id=uuid7(), crop=crop.key, book_version=book_version, started_at=at, finished_at=now(), lots=1,
        demands=1, matches=len(found), welfare=result.welfare, upper_bound=result.upper_bound,
        optimal=result.optimal, method=result.method, input=pack(snapshot, quickly=False),
        result=pack_result(result),
    )  # fmt: skip
    session.add(written)
    session.flush()
    matches, _ = promise(session, written, found)
    contracts = draft(session, matches, crop, knowledge, settings, written.finished_at)
    tell_of_matches(session, crop, matches, contracts)
    return contracts[0]


def _snapshot(  # the two, and what is known of the world
    session: Session, crop: Crop, lot: Lot, demand: Demand, knowledge: Knowledge, settings: Settings
) -> Snapshot:
    session.refresh(lot)
    session.refresh(demand)
    numbers = Numbers(crop, knowledge.catalogue)
    lot_rows, lots = numbers.lots([lot])
    demand_rows, demands = numbers.demands([demand], {})
    # Two who have agreed on a day may well send a truck of their own, at an hour of their own.
    terms = terms_of(knowledge.catalogue, today(), settings.seller_share_percent)
    none: Any = np.zeros((0, 2), np.int32)
    return Snapshot(lot_rows, demand_rows, lots, demands, terms, none, numbers.failures, numbers.keys)


def _bid(snapshot: Snapshot) -> int:
    """The least at which the pair is worth something, đồng per kg."""
    pair = Pair(snapshot.lots, snapshot.demands, snapshot.terms)
    bid = pair.figure("ask")
    # The loss of freshness is a part of the bid, so a higher bid has to cover a little more than the gap.
    while (gap := -pair.with_demand(bid=bid).figure("value")) > 0:
        bid += gap
    pairs = pair.with_demand(bid=bid).pairs
    broken = [code for code, rule in RULES.items() if not rule(pairs)[0]]
    if broken:
        raise Invalid(
            Fault(
                "", f"the goods can not be delivered so: {', '.join(broken)}",
                "Change the days or the places; docs/clearing.md says what each rule asks.",
            )
        )  # fmt: skip
    return bid
