"""Events to tell of, and the deliveries that come of them, for the tests of this folder."""

from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import selectinload

from matcher.notices.events import MatchMade
from matcher.notices.record import Happening, record
from matcher.store.session import Ledger
from matcher.store.tables import Delivery, Endpoint, Party
from tests.market import party

# That of the example in RFC 8032, 7.1.
SIGNING_KEY = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
CONTRACT = "0198c000-0000-7000-8000-000000000001"


def match_made(*parties: Party, subject: UUID | None = None, version: int = 1) -> Happening:
    data: MatchMade = {
        "contract_id": CONTRACT,
        "contract_page": "/c/q3lZ0cV2mYk1Xb9T8uHnRw",
        "contract_number": "0007/2020/HĐMB-LS",
        "crop": {"key": "custard_apple", "vi": "Na", "en": "Custard apple"},
        "quantity_kg": "1250.5",
        "price": 25_000,
        "delivery_day": "2020-08-22",
        "seller": "Hợp tác xã Chi Lăng",
        "buyer": "Chợ đầu mối Hà Nội",
    }
    return Happening("match.made", subject or uuid4(), version, data, [each.id for each in parties])


def told(ledger: Ledger, *, url: str | None = None, email: str | None = None) -> UUID:
    """Tells a new party with this one channel of a match; returns the delivery's id."""
    with ledger.transaction() as session:
        buyer = party(session, "buyer", "Chợ đầu mối Hà Nội", email=email)
        if url is not None:
            # Not add_endpoint, which refuses what is no address: such rows may be older than that.
            session.add(
                Endpoint(party_id=buyer.id, url=url, secret="whsec_c2VjcmV0", signing_key=SIGNING_KEY)
            )
            session.flush()
        record(session, [match_made(buyer)])
        return session.scalars(select(Delivery.id)).one()


def read(ledger: Ledger, delivery_id: UUID) -> Delivery:
    """The delivery as it stands, with its attempts."""
    with ledger.transaction() as session:
        query = select(Delivery).options(selectinload(Delivery.attempts)).where(Delivery.id == delivery_id)
        return session.scalars(query).one()


def answers(delivery: Delivery) -> list[str]:
    return [attempt.answer for attempt in delivery.attempts]


def let_come_due(ledger: Ledger, delivery_id: UUID) -> None:
    """Lets the time pass until the delivery is due."""
    with ledger.transaction() as session:
        session.execute(update(Delivery).where(Delivery.id == delivery_id).values(due_at=func.now()))
        session.execute(update(Endpoint).values(rests_until=None))


def secret_of(ledger: Ledger) -> str:
    with ledger.transaction() as session:
        return session.scalars(select(Endpoint.secret)).one()
