"""A small market for the load: three crops, places near each other, prices that mostly meet."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from config.settings import Settings
from matcher.notices.endpoints import add_endpoint
from matcher.parties import PartyPost, add_key, add_party
from matcher.store.session import Ledger

CROPS = ("custard_apple", "lychee", "longan")
PLACES = ("Hữu Lũng, Lạng Sơn", {"code": "06463", "vintage": "2025"})
CITY = "Thành phố Hà Nội"
VIETNAM = timezone(timedelta(hours=7))


@dataclass
class Trader:
    """A seller and a buyer who act in one thread. `orders` are addresses with the ETag last read."""

    name: str
    ids: dict[str, str]
    keys: dict[str, str]
    orders: dict[str, str] = field(default_factory=dict)


def add_traders(settings: Settings, count: int, webhooks: str) -> list[Trader]:
    """Adds the parties, each with a mail address, and all but the last trader's with a webhook."""
    ledger = Ledger(settings)
    traders = []
    with ledger.transaction() as session:
        for number in range(count):
            trader = Trader(f"trader-{number}", {}, {})
            for side, kind in (("seller", "producer"), ("buyer", "buyer")):
                name = f"{trader.name}-{side}"
                party = add_party(
                    session,
                    PartyPost.model_validate({"kind": kind, "name": name, "email": f"{name}@example.vn"}),
                )
                trader.ids[side], trader.keys[side] = str(party.id), add_key(session, party)
                if number < count - 1:
                    add_endpoint(session, party, f"{webhooks}/{name}")
            traders.append(trader)
    ledger.engine.dispose()
    return traders


def lot_body(chance: random.Random) -> dict[str, Any]:
    return {
        "crop": chance.choice(CROPS), "grade": chance.choice(("grade_1", "grade_2")),
        "quantity_kg": chance.randint(100, 400), "ask": 15_000 + 100 * chance.randrange(100),
        "harvest_from": _day(0), "harvest_until": _day(chance.randint(1, 3)), "place": chance.choice(PLACES),
        "min_take_kg": chance.choice((0, 0, 20)),
    }  # fmt: skip


def demand_body(chance: random.Random) -> dict[str, Any]:
    return {
        "crop": chance.choice(CROPS), "min_grade": "grade_2", "quantity_kg": chance.randint(100, 400),
        "bid": 34_000 + 100 * chance.randrange(100), "deliver_from": _day(0),
        "deliver_until": _day(chance.randint(1, 4)), "place": CITY,
        "max_distance_km": chance.choice((100, 300, 400)),
    }  # fmt: skip


def _day(offset: int) -> str:
    return (datetime.now(UTC).astimezone(VIETNAM).date() + timedelta(days=offset)).isoformat()
