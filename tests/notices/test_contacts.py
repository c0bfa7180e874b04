"""Contacts: who is told of what, where, in which language, and never in the quiet hours."""

from datetime import datetime, time, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from config.settings import Settings
from demo.receivers import MailReceiver
from matcher.clock import VIETNAM, now
from matcher.errors import Conflict, Invalid
from matcher.notices.contacts import (
    MOST,
    ContactChange,
    ContactPost,
    add_contact,
    change_contact,
    list_contacts,
    note_bounce,
    stop,
)
from matcher.notices.deliver import deliver
from matcher.notices.inbox import list_notices
from matcher.notices.record import record
from matcher.notices.ways import next_time, quiet_over
from matcher.parties import amend_party
from matcher.store.session import Ledger, rings_of
from matcher.store.tables import Contact, Delivery
from tests.market import party
from tests.notices.letters import match_made, read, told

MORNING, EVENING = time(5), time(21)


def post(channel: str, address: str, **wishes: Any) -> ContactPost:
    return ContactPost.model_validate({"channel": channel, "address": address} | wishes)


def test_every_person_of_a_party_is_told_of_what_it_wants_and_all_is_in_the_list(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        add_contact(session, buyer, post("sms", "0912345678"))
        add_contact(session, buyer, post("zalo", "+84 912 345 678", kinds=["contract.agreed"]))
        stopped = add_contact(session, buyer, post("email", "khac@example.vn"))
        stop(session, stopped)
        session.flush()
        record(session, [match_made(buyer)])
        rows = session.execute(select(Delivery.channel, Delivery.address, Delivery.contact_id)).all()
        assert {(channel, address) for channel, address, _ in rows} == {
            ("email", "mua@example.vn"),
            ("sms", "+84912345678"),
        }
        assert None not in {contact_id for _, _, contact_id in rows}
        assert len(list_notices(session, buyer, ledger.settings)) == 1


def test_the_email_of_a_party_is_its_first_contact_and_moves_with_it(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        record(session, [match_made(buyer)])
        for email in ("moi@example.vn", "", "lai@example.vn"):
            amend_party(session, buyer.id, {"email": email})
            assert [each.address for each in list_contacts(session, buyer.id)] == ([email] if email else [])
            if email == "moi@example.vn":
                assert session.scalars(select(Delivery.address)).all() == [email], (
                    "what is due goes there too"
                )
        add_contact(session, buyer, post("email", "ca-hai@example.vn"))
        amend_party(session, buyer.id, {"email": "ca-hai@example.vn"})
        assert [each.address for each in list_contacts(session, buyer.id)] == ["ca-hai@example.vn"]


def test_what_was_told_at_an_address_already_is_not_moved_there_again(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mot@example.vn")
        second = add_contact(session, buyer, post("email", "hai@example.vn"))
        record(session, [match_made(buyer)])
        amend_party(session, buyer.id, {"email": ""})
        change_contact(session, second, ContactChange(address="mot@example.vn"))
        addresses = session.scalars(select(Delivery.address).order_by(Delivery.address)).all()
        assert addresses == ["hai@example.vn", "mot@example.vn"]


@pytest.mark.parametrize("said", ["0912 345 678", "+84 912.345.678", "84912345678", "(091) 234-5678"])
def test_a_mobile_number_is_kept_in_one_form(ledger: Ledger, said: str) -> None:
    with ledger.transaction() as session:
        assert add_contact(session, party(session, "buyer"), post("sms", said)).address == "+84912345678"


@pytest.mark.parametrize(
    ("channel", "address", "wishes"),
    [
        ("sms", "12345", {}),
        ("sms", "0212345678", {}),
        ("zalo", "mua@example.vn", {}),
        ("email", "0912345678", {}),
        ("email", "mua@example.vn,khac@example.vn", {}),
        ("email", "<mua@example.vn>", {}),
        ("email", "mua@example.vn", {}),
        ("email", "Mua@Example.vn", {}),
        ("sms", "0912345678", {"digest_at": "05:30"}),
    ],
)
def test_an_address_that_is_none_or_is_there_already_is_refused_with_a_remedy(
    ledger: Ledger, channel: str, address: str, wishes: dict[str, str]
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        with pytest.raises(Invalid) as refused:
            add_contact(session, buyer, post(channel, address, **wishes))
        assert refused.value.faults[0].remedy
        assert len(list_contacts(session, buyer.id)) == 1


def test_a_party_has_no_more_contacts_than_one_can_look_through(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        for each in range(MOST):
            add_contact(session, buyer, post("email", f"{each}@example.vn"))
        with pytest.raises(Conflict, match="at most"):
            add_contact(session, buyer, post("email", "them@example.vn"))


def test_in_the_quiet_hours_a_notice_waits_until_they_are_over(ledger: Ledger) -> None:
    hour = now().astimezone(VIETNAM).hour
    quiet = {"quiet_from": time((hour - 1) % 24), "quiet_until": time((hour + 2) % 24)}
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        add_contact(session, buyer, post("sms", "0912345678", **quiet))
        record(session, [match_made(buyer)])
        due_at = session.scalars(select(Delivery.due_at)).one()
        assert due_at > now()
        assert due_at.astimezone(VIETNAM).time() == quiet["quiet_until"]
        assert rings_of(session) == []


def test_what_failed_before_the_quiet_hours_is_not_tried_again_in_them(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, server: MailReceiver
) -> None:
    hour = now().astimezone(VIETNAM).hour
    quiet = {"quiet_from": time((hour - 1) % 24), "quiet_until": time((hour + 2) % 24)}
    held, other = told(ledger, email="mua@example.vn"), None
    with ledger.transaction() as session:
        change_contact(session, session.scalars(select(Contact)).one(), ContactChange(**quiet))
        record(session, [match_made(party(session, "buyer", email="khac@example.vn"))])
        other = session.scalars(select(Delivery.id).where(Delivery.id != held)).one()
    deliver(ledger, settings.model_copy(update={"smtp_url": server.url}), transport)
    assert [mail["To"].addresses[0].addr_spec for mail in server.received] == ["khac@example.vn"]
    assert read(ledger, other).state == "delivered"
    delivery = read(ledger, held)
    assert (delivery.state, len(delivery.attempts)) == ("due", 0)
    assert delivery.due_at.astimezone(VIETNAM).time() == quiet["quiet_until"]


def test_a_change_applies_what_is_named_and_a_new_address_takes_the_mark_of_a_bounce_away(
    ledger: Ledger,
) -> None:
    with ledger.transaction() as session:
        party(session, "buyer", email="mua@example.vn")
        (contact,) = session.scalars(select(Contact))
        contact.bounce, contact.bounced_at = "550 no", now()
        stop(session, contact)
        session.flush()
        change_contact(session, contact, ContactChange(stopped=False, language="en", kinds=["match.made"]))
        assert [contact.stopped_at, contact.bounce] == [None, "550 no"]
        change_contact(session, contact, ContactChange(address="moi@example.vn"))
        assert [contact.bounce, contact.bounced_at] == [None, None]
        change_contact(session, contact, ContactChange(kinds=None))
        assert (contact.language, contact.kinds) == ("en", None)
        change_contact(session, contact, ContactChange(quiet_from=EVENING, quiet_until=MORNING))
        with pytest.raises(Invalid, match="beginning and an end"):
            change_contact(session, contact, ContactChange(quiet_from=None))
        session.rollback()


@pytest.mark.parametrize("said", ["mua@example.vn", "Mua@Example.VN"])
def test_the_same_address_said_again_voids_no_link_and_confirms_no_bounce(ledger: Ledger, said: str) -> None:
    with ledger.transaction() as session:
        party(session, "buyer", email="mua@example.vn")
        (contact,) = session.scalars(select(Contact))
        contact.bounce, contact.bounced_at, token = "550 no", now(), contact.token
        change_contact(session, contact, ContactChange(address=said))
        assert (contact.address, contact.token, contact.bounce) == (said, token, "550 no")
        change_contact(session, contact, ContactChange(address="khac@example.vn"))
        assert contact.token != token


@pytest.mark.parametrize(
    ("changes", "stopped"),
    [
        ({"address": "khac@example.vn"}, False),
        ({"address": "khac@example.vn", "stopped": True}, True),
        ({"address": "Mua@example.vn"}, True),
        ({"name": "Kế toán"}, True),
    ],
)
def test_what_was_stopped_at_one_address_is_told_at_another(
    ledger: Ledger, changes: dict[str, object], stopped: bool
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        (contact,) = session.scalars(select(Contact))
        stop(session, contact)
        change_contact(session, contact, ContactChange.model_validate(changes))
        session.flush()
        record(session, [match_made(buyer)])
        told_at = [] if stopped else ["khac@example.vn"]
        assert session.scalars(select(Delivery.address)).all() == told_at


@pytest.mark.parametrize("bounced", [False, True])
def test_a_bounce_of_the_address_in_other_letters_is_of_the_same(ledger: Ledger, bounced: bool) -> None:
    with ledger.transaction() as session:
        party(session, "buyer", email="Mua@example.vn")
        (contact,) = session.scalars(select(Contact))
        note_bounce(session, contact.id, "mua@example.vn" if bounced else "khac@example.vn", "550 no")
        assert (contact.bounce is not None) is bounced


QUIET = {"quiet_from": EVENING, "quiet_until": MORNING}


@pytest.mark.parametrize("hour", [time(21), time(0), time(4, 59)])
def test_a_daily_mail_within_the_quiet_hours_is_refused_and_one_outside_is_not(
    ledger: Ledger, hour: time
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        with pytest.raises(Invalid, match="in the quiet hours from 21:00 until 05:00") as refused:
            add_contact(session, buyer, post("email", "mua@example.vn", digest_at=hour, **QUIET))
        assert refused.value.faults[0].path == "digest_at"
        contact = add_contact(session, buyer, post("email", "mua@example.vn", digest_at=MORNING, **QUIET))
        change_contact(session, contact, ContactChange(digest_at=time(20, 59)))
        contact.digest_at = hour  # as it was taken before this was refused
        change_contact(session, contact, ContactChange(name="Kế toán"))
        for change in (ContactChange(digest_at=hour), ContactChange(**QUIET)):
            with pytest.raises(Invalid, match="in the quiet hours"):
                change_contact(session, contact, change)


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        ("2026-08-21T20:59", "2026-08-21T20:59"),
        ("2026-08-21T21:00", "2026-08-22T05:00"),
        ("2026-08-22T00:30", "2026-08-22T05:00"),
        ("2026-08-22T05:00", "2026-08-22T05:00"),
    ],
)
def test_a_night_without_notices_ends_in_the_morning(at: str, leaves: str) -> None:
    moment, expected = (datetime.fromisoformat(said).replace(tzinfo=VIETNAM) for said in (at, leaves))
    assert quiet_over(EVENING, MORNING, moment) == expected


@given(begins=st.times(), ends=st.times(), seconds=st.integers(0, 10**8))
def test_a_notice_never_leaves_in_the_quiet_and_never_waits_a_day(
    begins: time, ends: time, seconds: int
) -> None:
    at = datetime(2020, 8, 21, tzinfo=VIETNAM) + timedelta(seconds=seconds)
    leaves = quiet_over(begins, ends, at)
    assert leaves >= at
    assert (leaves - at).total_seconds() <= 24 * 3600
    assert begins == ends or quiet_over(begins, ends, leaves) == leaves


@given(of_day=st.times(), seconds=st.integers(0, 10**8))
def test_a_digest_leaves_at_its_time_of_day_within_a_day(of_day: time, seconds: int) -> None:
    at = datetime(2020, 8, 21, tzinfo=VIETNAM) + timedelta(seconds=seconds)
    leaves = next_time(of_day, at)
    assert timedelta(0) < leaves - at <= timedelta(days=1)
    assert leaves.astimezone(VIETNAM).time() == of_day


@pytest.mark.parametrize(
    "said",
    [
        {"quiet_from": MORNING},
        {"quiet_until": MORNING},
        {"quiet_from": MORNING, "quiet_until": MORNING},
    ],
)
def test_quiet_hours_have_two_different_ends(said: dict[str, time]) -> None:
    with pytest.raises(ValueError, match="quiet hours"):
        post("email", "mua@example.vn", **said)
