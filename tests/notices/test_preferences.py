"""Preferences: what comes by mail, in which language, and never in the quiet hours."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from matcher.clock import VIETNAM, now
from matcher.notices.events import quiet_over, record
from matcher.notices.inbox import list_notices
from matcher.notices.preferences import Preferences, prefer, preferences_of
from matcher.store.session import Ledger, rings_of
from matcher.store.tables import Delivery
from tests.market import party
from tests.notices.letters import match_made

MORNING, EVENING = time(5), time(21)


def test_only_chosen_events_come_by_mail_and_all_are_in_the_list(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        prefer(session, buyer, Preferences(language="en", mail_kinds=["contract.agreed"]))
        record(session, [match_made(buyer)])
        assert session.scalars(select(Delivery)).all() == []
        (notice,) = list_notices(session, buyer, ledger.settings)
        assert notice.subject.startswith("Contract 0007")
        assert preferences_of(session, buyer).mail_kinds == ["contract.agreed"]


def test_in_the_quiet_hours_a_mail_waits_until_they_are_over(ledger: Ledger) -> None:
    hour = now().astimezone(VIETNAM).hour
    quiet = {"quiet_from": time((hour - 1) % 24), "quiet_until": time((hour + 2) % 24)}
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        prefer(session, buyer, Preferences(language="vi", **quiet))
        record(session, [match_made(buyer)])
        due_at = session.scalars(select(Delivery.due_at)).one()
        assert due_at > now()
        assert due_at.astimezone(VIETNAM).time() == quiet["quiet_until"]
        assert rings_of(session) == []


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        ("2026-08-21T20:59", "2026-08-21T20:59"),
        ("2026-08-21T21:00", "2026-08-22T05:00"),
        ("2026-08-22T00:30", "2026-08-22T05:00"),
        ("2026-08-22T05:00", "2026-08-22T05:00"),
    ],
)
def test_a_night_without_mails_ends_in_the_morning(at: str, leaves: str) -> None:
    moment, expected = (datetime.fromisoformat(said).replace(tzinfo=VIETNAM) for said in (at, leaves))
    assert quiet_over(EVENING, MORNING, moment) == expected


@given(begins=st.times(), ends=st.times(), seconds=st.integers(0, 10**8))
def test_a_mail_never_leaves_in_the_quiet_and_never_waits_a_day(
    begins: time, ends: time, seconds: int
) -> None:
    at = datetime(2020, 8, 21, tzinfo=VIETNAM) + timedelta(seconds=seconds)
    leaves = quiet_over(begins, ends, at)
    assert leaves >= at
    assert (leaves - at).total_seconds() <= 24 * 3600
    assert begins == ends or quiet_over(begins, ends, leaves) == leaves


@pytest.mark.parametrize(
    "said",
    [{"quiet_from": MORNING}, {"quiet_until": MORNING}, {"quiet_from": MORNING, "quiet_until": MORNING}],
)
def test_quiet_hours_have_two_different_ends(said: dict[str, time]) -> None:
    with pytest.raises(ValueError, match="quiet hours"):
        Preferences.model_validate({"language": "vi"} | said)
