from uuid import uuid4

from sqlalchemy import event, func, select

from matcher.notices.endpoints import add_endpoint
from matcher.notices.record import record
from matcher.store.session import Ledger, Ring
from matcher.store.tables import Delivery, Event, Notice
from tests.market import party
from tests.notices.letters import match_made


def test_each_party_gets_one_notice_and_a_delivery_for_each_of_its_channels(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        seller = party(session, "producer", email="ban@chilang.example")
        add_endpoint(session, seller, "http://127.0.0.1:1/one")
        add_endpoint(session, seller, "http://127.0.0.1:1/two")
        buyer = party(session, "buyer")
        assert record(session, [match_made(seller, buyer)]) == 1
    with ledger.transaction() as session:
        notices = {notice.party_id: notice for notice in session.scalars(select(Notice))}
        assert set(notices) == {seller.id, buyer.id}
        assert not notices[buyer.id].deliveries
        assert {(each.channel, each.address) for each in notices[seller.id].deliveries} == {
            ("email", "ban@chilang.example"),
            ("webhook", "http://127.0.0.1:1/one"),
            ("webhook", "http://127.0.0.1:1/two"),
        }


def test_a_party_on_both_sides_of_an_event_is_told_once(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        both = party(session, "producer", email="ca-hai@chilang.example")
        record(session, [match_made(both, both)])
        assert session.scalar(select(func.count()).select_from(Notice)) == 1


def test_the_same_event_recorded_again_tells_nobody_again(ledger: Ledger) -> None:
    subject = uuid4()
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@hanoi.example")
        assert record(session, [match_made(buyer, subject=subject)]) == 1
    with ledger.transaction() as session:
        again, next_version = (
            match_made(buyer, subject=subject),
            match_made(buyer, subject=subject, version=2),
        )
        assert record(session, [again]) == 0
        assert record(session, [again, next_version]) == 1
    with ledger.transaction() as session:
        for table, count in ((Event, 2), (Notice, 2), (Delivery, 2)):
            assert session.scalar(select(func.count()).select_from(table)) == count


def test_nothing_is_told_of_what_was_rolled_back(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        record(session, [match_made(party(session, "buyer", email="mua@hanoi.example"))])
        session.rollback()
    with ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 0


def test_deliveries_are_rung_for_once_their_transaction_has_committed(ledger: Ledger) -> None:
    rung: list[Ring] = []
    listening = Ledger(ledger.settings, rung.extend)
    with listening.transaction() as session:
        buyer = party(session, "buyer", email="mua@hanoi.example")
        record(session, [match_made(buyer), match_made(buyer)])
        assert not rung
    listening.engine.dispose()
    assert rung == [Ring("deliver", "due")]


def test_two_thousand_matches_are_told_in_a_few_statements(ledger: Ledger) -> None:
    statements: list[str] = []
    with ledger.transaction() as session:
        sides = [party(session, "buyer", f"Bên {side}", email=f"{side}@hanoi.example") for side in range(40)]
        happenings = [match_made(sides[each % 40], sides[(each + 1) % 40]) for each in range(2000)]
        event.listen(ledger.engine, "after_cursor_execute", lambda *call: statements.append(call[2]))
        assert record(session, happenings) == 2000
    with ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 4000
    assert len(statements) < 20


def test_nothing_to_record_is_no_error(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        assert record(session, []) == 0
        assert record(session, [match_made()]) == 1
