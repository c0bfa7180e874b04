import httpx
import pytest

from config.settings import Settings
from matcher.errors import NotFound
from matcher.notices.deliver import deliver
from matcher.notices.inbox import list_notices, mark_read, unread_count
from matcher.notices.record import record
from matcher.store.session import Ledger
from tests.market import party
from tests.notices.letters import match_made


def test_a_party_reads_its_own_notices_in_its_language_and_an_operator_reads_all(
    ledger: Ledger, settings: Settings
) -> None:
    with ledger.transaction() as session:
        seller = party(session, "producer")
        buyer = party(session, "buyer", language="en")
        operator = party(session, "operator")
        stranger = party(session, "buyer")
        record(session, [match_made(seller, buyer)])
        (sold,) = list_notices(session, seller, settings)
        (bought,) = list_notices(session, buyer, settings)
        assert sold.subject.startswith("Hợp đồng 0007/2020")
        assert bought.subject.startswith("Contract 0007/2020")
        assert sold.kind == bought.kind == "match.made"
        assert sold.data == match_made().data
        assert not list_notices(session, stranger, settings)
        assert {each.party_id for each in list_notices(session, operator, settings)} == {seller.id, buyer.id}


def test_notices_are_read_page_by_page_newest_first_without_gap_or_repeat(
    ledger: Ledger, settings: Settings
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        record(session, [match_made(buyer) for _ in range(7)])
    with ledger.transaction() as session:
        pages = []
        before = None
        while page := list_notices(session, buyer, settings, before=before, limit=3):
            pages.append(page)
            before = page[-1].id
    assert [len(page) for page in pages] == [3, 3, 1]
    ids = [notice.id for page in pages for notice in page]
    assert ids == sorted(set(ids), reverse=True)


def test_a_notice_shows_how_its_deliveries_stand(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@hanoi.example")
        record(session, [match_made(buyer)])
        (notice,) = list_notices(session, buyer, settings)
    (untried,) = notice.deliveries
    assert (untried.channel, untried.state, untried.attempts, untried.last_answer) == (
        "email",
        "queued",
        0,
        None,
    )
    deliver(ledger, settings, transport)
    with ledger.transaction() as session:
        (notice,) = list_notices(session, buyer, settings)
    (tried,) = notice.deliveries
    assert (tried.state, tried.attempts) == ("failed", 1)
    assert tried.last_answer == "no mail server is configured (MATCHER_SMTP_URL)"
    assert tried.next_attempt_at is not None
    assert untried.next_attempt_at is not None
    assert tried.next_attempt_at > untried.next_attempt_at


def test_a_party_marks_its_own_notices_as_read_and_nobody_elses(ledger: Ledger, settings: Settings) -> None:
    with ledger.transaction() as session:
        buyer, other = party(session, "buyer"), party(session, "buyer")
        for _ in range(3):
            record(session, [match_made(buyer, other)])
        newest, second, _ = list_notices(session, buyer, settings)
        assert unread_count(session, buyer) == 3
        with pytest.raises(NotFound):
            mark_read(session, other, second.id)
        assert mark_read(session, buyer, second.id) == 2
        assert [each.id for each in list_notices(session, buyer, settings, unread=True)] == [newest.id]
        assert mark_read(session, buyer, None) == 1
        assert mark_read(session, buyer, None) == 0
        assert (unread_count(session, buyer), unread_count(session, other)) == (0, 3)
        assert len(list_notices(session, buyer, settings)) == 3, "what is read stays"


def test_an_operator_marks_its_own_up_to_any_notice_it_sees(ledger: Ledger, settings: Settings) -> None:
    with ledger.transaction() as session:
        buyer, operator = party(session, "buyer"), party(session, "operator")
        record(session, [match_made(operator)])
        record(session, [match_made(buyer)])
        newest, _ = list_notices(session, operator, settings)
        assert newest.party_id == buyer.id
        assert mark_read(session, operator, newest.id) == 1
        assert (unread_count(session, operator), unread_count(session, buyer)) == (0, 1)
