"""Track records: what counts, what does not, and how sure a few contracts can be."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from matcher.clock import now, today
from matcher.contracts.accounts import (
    PaymentPost,
    close_dispute,
    open_dispute,
    record_payment,
)
from matcher.contracts.closing import Closing, close
from matcher.contracts.confirmed import confirm_delivery, confirm_payment
from matcher.contracts.life import Reason
from matcher.contracts.track_record import TrackRecord, head_start, share, track_record
from matcher.errors import NotFound
from matcher.store.tables import Contract, Dispute, GoodsDelivery, Party, Payment
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
    weigh(agreed, ticket(100, final=True), agreed.seller)
    seen = record(agreed, agreed.seller)
    assert (seen.in_full.kept, seen.on_time.kept, seen.in_full.counted) == (0, 0, 1)


def test_a_contested_contract_does_not_count_while_it_is(agreed: Deal) -> None:
    with agreed.ledger.transaction() as session:
        close(session, agreed.id, agreed.seller, Closing(reason="Không giao"))
    with agreed.ledger.transaction() as session:
        open_dispute(session, agreed.id, agreed.seller, Reason(reason="Xe không đến nhận"))
    seen = record(agreed, agreed.seller)
    assert (seen.contracts, seen.contested, seen.in_full.counted) == (1, 1, 0)
    with agreed.ledger.transaction() as session:
        close_dispute(session, agreed.id, agreed.operator, Reason(reason="Đã xét"))
    assert record(agreed, agreed.seller).in_full.counted == 1


def disputed(deal: Deal, by: Party, days_ago: int = 0, *, closed: bool = False) -> None:
    with deal.ledger.transaction() as session:
        open_dispute(session, deal.id, by, Reason(reason="Không có xe nào đến"))
    with deal.ledger.transaction() as session:
        newest = select(Dispute.id).order_by(Dispute.id.desc()).limit(1).scalar_subquery()
        opened_at = now() - timedelta(days=days_ago)
        session.execute(update(Dispute).where(Dispute.id == newest).values(opened_at=opened_at))
    if closed:
        with deal.ledger.transaction() as session:
            close_dispute(session, deal.id, by, Reason(reason="Thôi"))


def breach(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        close(session, deal.id, deal.seller, Closing(reason="Không giao"))


def test_a_dispute_keeps_a_failure_off_the_record_for_the_days_of_negotiating_only(agreed: Deal) -> None:
    breach(agreed)
    disputed(agreed, agreed.seller, days_ago=14)
    assert record(agreed, agreed.seller).in_full.counted == 0
    with agreed.ledger.transaction() as session:
        session.execute(update(Dispute).values(opened_at=now() - timedelta(days=16)))
    seen = record(agreed, agreed.seller)
    assert (seen.in_full.kept, seen.in_full.counted) == (0, 1)
    assert (seen.contested, seen.entries[0].contested) == (1, True), "that it is in dispute stays to be seen"


def test_a_dispute_that_is_opened_anew_gives_no_more_days(agreed: Deal) -> None:
    breach(agreed)
    disputed(agreed, agreed.seller, days_ago=16, closed=True)
    disputed(agreed, agreed.seller)
    assert record(agreed, agreed.seller).in_full.counted == 1
    disputed(agreed, agreed.buyer)
    assert record(agreed, agreed.seller).in_full.counted == 0, "the other side has its own days"


def recorded_hours_ago(deal: Deal, table: type[GoodsDelivery] | type[Payment], hours: int) -> None:
    with deal.ledger.transaction() as session:
        session.execute(update(table).values(recorded_at=now() - timedelta(hours=hours)))


def test_a_seller_alone_completes_no_contract_for_the_record(agreed: Deal) -> None:
    weigh(agreed, ticket(600), agreed.seller)
    seen = record(agreed, agreed.seller)
    assert (seen.contracts, seen.in_full.counted, seen.on_time.counted) == (1, 0, 0)
    assert str(seen.promised_kg) == "0"
    recorded_hours_ago(agreed, GoodsDelivery, 25)
    assert record(agreed, agreed.seller).on_time.kept == 1, "the buyer has let its time go by"


def test_a_ticket_of_the_seller_counts_once_the_buyer_has_confirmed_it(agreed: Deal) -> None:
    weigh(agreed, ticket(600), agreed.seller)
    with agreed.ledger.transaction() as session:
        confirm_delivery(session, agreed.id, 1, agreed.buyer)
    assert record(agreed, agreed.seller).on_time.kept == 1


@pytest.mark.parametrize(("dispute_days_ago", "counted"), [(20, 0), (15, 1)])
def test_a_ticket_that_the_buyer_contests_in_time_never_counts_while_it_does(
    agreed: Deal, dispute_days_ago: int, counted: int
) -> None:
    """The ticket was recorded 18 days ago, so that there was time until 17 days ago."""
    weigh(agreed, ticket(600), agreed.seller)
    recorded_hours_ago(agreed, GoodsDelivery, 18 * 24)
    disputed(agreed, agreed.buyer, dispute_days_ago)
    with agreed.ledger.transaction() as session:
        contract = session.get_one(Contract, agreed.id)
        contract.terms = contract.terms | {"rules": contract.terms["rules"] | {"negotiation_days": 10}}
    seen = record(agreed, agreed.seller)
    assert (seen.in_full.counted, seen.contested) == (counted, 1)
    with agreed.ledger.transaction() as session:
        close_dispute(session, agreed.id, agreed.operator, Reason(reason="Ảnh phiếu cân là thật"))
    assert record(agreed, agreed.seller).in_full.kept == 1


def test_what_came_short_counts_also_where_the_buyer_contests_the_ticket(agreed: Deal) -> None:
    weigh(agreed, ticket(100, final=True), agreed.seller)
    seen = record(agreed, agreed.seller)
    assert (seen.in_full.kept, seen.in_full.counted, str(seen.delivered_kg)) == (0, 1, "0")


def test_a_buyer_is_on_record_for_its_payments(agreed: Deal) -> None:
    due = weigh(agreed, ticket(600)).due
    assert record(agreed, agreed.buyer).paid_on_time.counted == 0, "there is still time"
    with agreed.ledger.transaction() as session:
        paid = PaymentPost(amount=due, paid_on=today(), reference="FT1")
        payment = record_payment(session, agreed.id, agreed.buyer, paid).payments[0]
    assert record(agreed, agreed.buyer).paid_on_time.counted == 0, "the seller has not said so"
    with agreed.ledger.transaction() as session:
        confirm_payment(session, agreed.id, payment.id, agreed.seller)
    seen = record(agreed, agreed.buyer)
    assert (seen.paid_on_time.kept, seen.paid_on_time.counted, seen.in_full.counted) == (1, 1, 0)


def test_what_the_buyer_says_it_paid_counts_unless_the_seller_contests_it_in_time(agreed: Deal) -> None:
    due = weigh(agreed, ticket(600)).due
    with agreed.ledger.transaction() as session:
        said = PaymentPost(amount=due, paid_on=today(), reference="FT1")
        record_payment(session, agreed.id, agreed.buyer, said)
    disputed(agreed, agreed.seller, days_ago=16)
    recorded_hours_ago(agreed, Payment, 10)
    assert record(agreed, agreed.buyer).paid_on_time.counted == 0
    with agreed.ledger.transaction() as session:
        close_dispute(session, agreed.id, agreed.seller, Reason(reason="Tiền đã về"))
    assert record(agreed, agreed.buyer).paid_on_time.counted == 0, "there is still time to contest"
    recorded_hours_ago(agreed, Payment, 25)
    assert record(agreed, agreed.buyer).paid_on_time.kept == 1


def test_nobody_owes_for_goods_that_only_the_seller_says_came(agreed: Deal) -> None:
    weigh(agreed, ticket(600), agreed.seller)
    disputed(agreed, agreed.buyer, days_ago=16)
    with agreed.ledger.transaction() as session:
        session.execute(update(GoodsDelivery).values(delivered_at=now() - timedelta(days=30)))
    assert record(agreed, agreed.buyer).paid_on_time.counted == 0


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


def test_no_share_is_below_nothing() -> None:
    assert str(share([False, False]).low) == "0.0"


def test_one_contract_kept_is_not_a_hundred_percent() -> None:
    # (1 + z²/2) / (1 + z²) with z = 1.96, and its lower bound, by hand.
    seen = share([True])
    assert (seen.percent, seen.low, seen.high) == (60.3, 20.7, 100.0)
