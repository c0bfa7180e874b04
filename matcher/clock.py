"""Instants are UTC, days are Vietnam's."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def day_of(instant: datetime) -> date:
    """The calendar day on which `instant` falls in Việt Nam."""
    return instant.astimezone(VIETNAM).date()


def end_of(day: date) -> datetime:
    """The instant at which the calendar day is over in Việt Nam."""
    return datetime.combine(day + timedelta(days=1), time(0), VIETNAM)


def written(instant: datetime) -> str:
    """The instant as people in Việt Nam write it, of their day: 22/08/2020 14:30."""
    return f"{instant.astimezone(VIETNAM):%d/%m/%Y %H:%M}"


def today() -> date:
    return day_of(now())
