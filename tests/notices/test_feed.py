"""The feed: one order for good, nothing missed by who reads on, nothing of others."""

from typing import get_args
from uuid import uuid4

from pydantic import TypeAdapter

from matcher.notices.events import KINDS, Kind
from matcher.notices.feed import feed
from matcher.notices.record import record
from matcher.store.session import Ledger
from matcher.store.tables import Party
from tests.market import party
from tests.notices.letters import match_made

SOURCE = "https://cho.example"


def tell(ledger: Ledger, *parties: Party) -> str:
    """Records an event; the id of what it is about."""
    subject = uuid4()
    with ledger.transaction() as session:
        record(session, [match_made(*parties, subject=subject)])
    return str(subject)


def subjects(ledger: Ledger, reader: Party, after: int = 0, limit: int = 100) -> list[str]:
    with ledger.transaction() as session:
        return [entry.event.subject for entry in feed(session, reader, after, limit, SOURCE)]


def test_events_keep_the_order_they_were_first_read_in(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
    first = [tell(ledger, buyer) for _ in range(3)]
    assert subjects(ledger, buyer) == first
    more = [tell(ledger, buyer) for _ in range(2)]
    assert subjects(ledger, buyer) == first + more
    with ledger.transaction() as session:
        second = feed(session, buyer, 0, 2, SOURCE)[-1].position
    assert subjects(ledger, buyer, second) == (first + more)[2:]


def test_an_event_that_is_committed_late_is_read_all_the_same(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
    slow = uuid4()
    with ledger.transaction() as slower:
        record(slower, [match_made(buyer, subject=slow)])  # written first, and not committed yet
        fast = tell(ledger, buyer)
        with ledger.transaction() as session:
            (seen,) = feed(session, buyer, 0, 100, SOURCE)
        assert seen.event.subject == fast
    assert subjects(ledger, buyer, seen.position) == [str(slow)]


def test_an_event_that_is_rolled_back_leaves_no_gap_to_wait_for(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
    with ledger.transaction() as session:
        record(session, [match_made(buyer)])
        session.rollback()
    told = tell(ledger, buyer)
    assert subjects(ledger, buyer) == [told]


def test_each_party_reads_its_own_and_operators_everything(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        seller, buyer, operator = (party(session, kind) for kind in ("producer", "buyer", "operator"))
    one, other, both = tell(ledger, seller), tell(ledger, buyer), tell(ledger, seller, buyer)
    assert subjects(ledger, seller) == [one, both]
    assert subjects(ledger, buyer) == [other, both]
    assert subjects(ledger, operator) == [one, other, both]


def test_an_event_is_a_cloud_event(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
    subject = tell(ledger, buyer)
    with ledger.transaction() as session:
        event = feed(session, buyer, 0, 1, SOURCE)[0].event
    assert (event.specversion, event.source, event.type) == ("1.0", SOURCE, "match.made")
    assert (event.subject, event.datacontenttype) == (subject, "application/json")
    assert event.time.endswith("Z")
    assert event.data == match_made().data


def test_every_kind_has_a_schema_and_says_who_is_told() -> None:
    assert list(KINDS) == list(get_args(Kind))
    for data, told in KINDS.values():
        assert TypeAdapter(data).json_schema()["properties"]
        assert told
    TypeAdapter(KINDS["match.made"][0]).validate_python(match_made().data)
