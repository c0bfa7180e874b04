"""Track records: what counts, what does not, and how sure a few contracts can be."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.clock import today
from matcher.contracts.accounts import PaymentPost, close_dispute, open_dispute, record_payment
from matcher.contracts.fulfilment import Closing, close
from matcher.contracts.life import Reason
from matcher.contracts.track_record import TrackRecord, head_start, share, track_record
from matcher.errors import NotFound
from matcher.store.tables import Party
from tests.contracts.deal import Deal
from tests.contracts.test_fulfilment import agreed, ticket, weigh
from tests.market import party

__all__ = ["agreed"]


def record(deal: Deal, of: Party, reader: Party | None = None) -> TrackRecord:
    with deal.ledger.transaction() as session:
        return track_record(session, of.id, reader or of, 0)


def test_a_contract_counts_once_it_has_ended(agreed: Deal) -> None:
    assert record(agreed, agreed.seller).contracts == 0
    weigh(agreed, ticket(590))
    seen = record(agreed, agreed.seller)
    assert (seen.in_full.kept, seen.in_full.counted, seen.on_time.kept) == (1, 1, 1)
    assert (str(seen.promised_kg), str(seen.delivered_kg)) == ("600", "590")
    assert [entry.contract_id for entry in seen.entries] == [agreed.id]


def test_what_came_short_was_neither_in_full_nor_on_time(agreed: Deal) -> None:
    weigh(agreed, ticket(100, final=True))
    seen = record(agreed, agreed.seller)
    assert (seen.in_full.kept, seen.on_time.kept, seen.in_full.counted) == (0, 0, 1)


def test_a_contested_contract_does_not_count_while_it_is(agreed: Deal) -> None:
    with agreed.ledger.transaction() as session:
        close(session, agreed.id, agreed.buyer, Closing(reason="Không giao", reoffer=False))
    with agreed.ledger.transaction() as session:
        open_dispute(session, agreed.id, agreed.seller, Reason(reason="Xe không đến nhận"))
    seen = record(agreed, agreed.seller)
    assert (seen.contracts, seen.contested, seen.in_full.counted) == (1, 1, 0)
    with agreed.ledger.transaction() as session:
        close_dispute(session, agreed.id, agreed.operator, Reason(reason="Đã xét"))
    assert record(agreed, agreed.seller).in_full.counted == 1


def test_a_buyer_is_on_record_for_its_payments(agreed: Deal) -> None:
    due = weigh(agreed, ticket(600)).due
    assert record(agreed, agreed.buyer).paid_on_time.counted == 0, "there is still time"
    with agreed.ledger.transaction() as session:
        paid = PaymentPost(amount=due, paid_on=today(), reference="FT1")
        record_payment(session, agreed.id, agreed.buyer, paid)
    seen = record(agreed, agreed.buyer)
    assert (seen.paid_on_time.kept, seen.paid_on_time.counted, seen.in_full.counted) == (1, 1, 0)


def test_a_partner_reads_the_counts_and_a_stranger_nothing(agreed: Deal) -> None:
    weigh(agreed, ticket(600))
    seen = record(agreed, agreed.seller, agreed.buyer)
    assert (seen.in_full.counted, seen.entries) == (1, [])
    assert record(agreed, agreed.seller, agreed.operator).entries
    with agreed.ledger.transaction() as session:
        stranger = party(session, "buyer")
    for of in (agreed.seller.id, UUID(int=7)):
        with pytest.raises(NotFound), agreed.ledger.transaction() as session:
            track_record(session, of, stranger, 0)


def test_a_record_is_worth_a_head_start_only_where_the_operator_wants_it(agreed: Deal) -> None:
    with agreed.ledger.transaction() as session:
        assert track_record(session, agreed.seller.id, agreed.buyer, 3600).head_start_seconds == 3600
        assert head_start(session, agreed.seller, 3600) == timedelta(0)
    weigh(agreed, ticket(600))
    with agreed.ledger.transaction() as session:
        assert head_start(session, agreed.seller, 0) == timedelta(0)
        assert timedelta(0) < head_start(session, agreed.seller, 3600) < timedelta(hours=1)


@given(kept=st.integers(0, 500), missed=st.integers(0, 500))
def test_a_share_is_surer_the_more_contracts_there_are(kept: int, missed: int) -> None:
    seen = share([True] * kept + [False] * missed + [None])
    assert (seen.kept, seen.counted) == (kept, kept + missed)
    if kept + missed == 0:
        assert seen.percent is None
        return
    more = share(([True] * kept + [False] * missed) * 4)
    assert seen.low is not None
    assert seen.high is not None
    assert more.low is not None
    assert more.high is not None
    assert 0 <= seen.low <= 100 * kept / (kept + missed) + 0.1
    assert 100 * kept / (kept + missed) - 0.1 <= seen.high <= 100
    assert more.high - more.low < seen.high - seen.low


def test_one_contract_kept_is_not_a_hundred_percent() -> None:
    # (1 + z²/2) / (1 + z²) with z = 1.96, and its lower bound, by hand.
    seen = share([True])
    assert (seen.percent, seen.low, seen.high) == (60.3, 20.7, 100.0)
