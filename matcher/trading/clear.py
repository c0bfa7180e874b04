"""A clearing written down: matches, what they take, their contracts and notices, in one transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from config.settings import Settings
from matcher import clearing as core
from matcher.catalogue import Crop
from matcher.clock import day_of, now
from matcher.knowledge import Knowledge
from matcher.store.session import ring
from matcher.store.tables import Book, Clearing, Demand, Lot, Match
from matcher.trading.contracts import draft, signing_hours
from matcher.trading.freeze import freezes
from matcher.trading.isolate import clear_isolated
from matcher.trading.news import tell_of_matches, tell_of_quarantine
from matcher.trading.outlook import Pair, write_tentative
from matcher.trading.record import pack, pack_result
from matcher.trading.snapshot import Snapshot, take_snapshot

OrderT = TypeVar("OrderT", Lot, Demand)


def clear(session: Session, crop_key: str, knowledge: Knowledge, settings: Settings) -> Clearing | None:
    """Clears one book and writes what follows; the caller's commit makes all of it true at once.

    Matches whose freeze has come are made for good, with their contracts and notices; the others are
    kept as tentative. Returns None when there is nothing to do: the book has not changed and nothing is
    to freeze, or another worker clears it just now and will look again when it ends.
    Raises NotFound for a crop that the catalogue lacks.
    """
    if not _claim(session, crop_key):
        return None
    started_at = now()
    freezing = Book.freeze_at <= started_at
    version = session.scalar(
        select(Book.version).where(Book.crop == crop_key, (Book.version > Book.cleared_version) | freezing)
    )
    if version is None:
        return None
    crop = knowledge.catalogue.crop(crop_key)
    snapshot = take_snapshot(
        session, crop, knowledge.catalogue, day_of(started_at), settings.seller_share_percent
    )
    snapshot, result = clear_isolated(snapshot)
    written = _write_clearing(session, crop_key, version, started_at, snapshot, result)
    freeze_at = freezes(snapshot, result, crop, signing_hours(crop, settings), started_at)
    frozen = [index for index, freeze in enumerate(freeze_at) if freeze <= started_at]
    matches = _write_matches(session, written, snapshot, result, frozen)
    contracts = draft(session, matches, crop, settings, written.finished_at)
    tell_of_matches(session, crop, matches, contracts)
    _quarantine(session, crop, snapshot)
    tentative = _tentative(snapshot, result, freeze_at, started_at)
    _close(session, crop_key, version, started_at, write_tentative(session, crop_key, tentative))
    _forget_previous(session, written)
    return written


def _claim(session: Session, crop_key: str) -> bool:
    # One clearing of a book at a time: a second would wait for the same rows only to find them taken.
    claim = select(func.pg_try_advisory_xact_lock(func.hashtext("clearing"), func.hashtext(crop_key)))
    return bool(session.scalar(claim))


def _write_clearing(
    session: Session,
    crop_key: str,
    version: int,
    started_at: datetime,
    snapshot: Snapshot,
    result: core.Clearing,
) -> Clearing:
    written = Clearing(
        crop=crop_key,
        book_version=version,
        started_at=started_at,
        finished_at=now(),
        lots=len(snapshot.lot_rows),
        demands=len(snapshot.demand_rows),
        matches=len(result.lot),
        welfare=result.welfare,
        upper_bound=result.upper_bound,
        optimal=result.optimal,
        method=result.method,
        input=pack(snapshot),
        result=pack_result(result),
    )
    session.add(written)
    session.flush()
    return written


def _write_matches(
    session: Session, written: Clearing, snapshot: Snapshot, result: core.Clearing, frozen: Sequence[int]
) -> Sequence[Match]:
    lots = _orders(session, Lot, [snapshot.lot_rows[result.lot[index]].id for index in frozen])
    demands = _orders(session, Demand, [snapshot.demand_rows[result.demand[index]].id for index in frozen])
    matches = []
    for index, lot, demand in zip(frozen, lots, demands, strict=True):
        quantity_g = int(result.quantity[index])
        _take(lot, quantity_g)
        _take(demand, quantity_g)
        matches.append(
            Match(
                clearing_id=written.id,
                lot=lot,
                demand=demand,
                seller_id=lot.party_id,
                buyer_id=demand.party_id,
                crop=written.crop,
                quantity_g=quantity_g,
                ask=lot.ask,
                bid=demand.bid,
                transport=int(result.transport[index]),
                freshness_penalty=int(result.penalty[index]),
                price=int(result.price[index]),
                value=int(result.value[index]),
                distance_m=int(result.distance[index]),
                pick_day=date.fromordinal(int(result.pick_day[index])),
                leave_day=date.fromordinal(int(result.leave_day[index])),
                delivery_day=date.fromordinal(int(result.delivery_day[index])),
                made_at=written.finished_at,
            )
        )
    session.add_all(matches)
    session.flush()
    return matches


def _orders(session: Session, kind: type[OrderT], ids: Sequence[UUID]) -> list[OrderT]:
    """The orders of these ids, which the snapshot has locked, in their order."""
    found = {order.id: order for order in session.scalars(select(kind).where(kind.id.in_(ids)))}
    return [found[order_id] for order_id in ids]


def _tentative(
    snapshot: Snapshot, result: core.Clearing, freeze_at: Sequence[datetime], started_at: datetime
) -> dict[Pair, dict[str, Any]]:
    """The columns of the matches that are not frozen yet, by (lot id, demand id)."""
    return {
        (snapshot.lot_rows[result.lot[index]].id, snapshot.demand_rows[result.demand[index]].id): {
            "quantity_g": int(result.quantity[index]),
            "price": int(result.price[index]),
            "distance_m": int(result.distance[index]),
            "freeze_at": freeze,
        }
        for index, freeze in enumerate(freeze_at)
        if freeze > started_at
    }


def _take(order: Lot | Demand, quantity_g: int) -> None:
    order.taken_g += quantity_g
    order.version += 1
    if order.taken_g == order.quantity_g:
        order.state = "filled"


def _quarantine(session: Session, crop: Crop, snapshot: Snapshot) -> None:
    """Sets aside the orders that could not be read or cleared, and tells their owners and the operators."""
    for order_id, reason in snapshot.unreadable.items():
        order = session.get(Lot, order_id) or session.get_one(Demand, order_id)
        order.quarantine = reason
        tell_of_quarantine(session, crop, order, reason)


def _forget_previous(session: Session, written: Clearing) -> None:
    """Forgets the crop's clearing before this one, unless matches came of it: it decided nothing."""
    previous = session.scalar(
        select(Clearing.id)
        .where(Clearing.crop == written.crop, Clearing.id < written.id)
        .order_by(Clearing.id.desc())
        .limit(1)
    )
    made = select(Match.id).where(Match.clearing_id == previous).exists()
    session.execute(delete(Clearing).where(Clearing.id == previous, ~made))


def _close(
    session: Session, crop_key: str, version: int, started_at: datetime, freeze_at: datetime | None
) -> None:
    """Notes that the book was cleared as of `version`, and rings again if it has changed since."""
    close = (
        update(Book)
        .where(Book.crop == crop_key)
        .values(cleared_version=version, cleared_at=now(), rung_at=None, freeze_at=freeze_at)
        .returning(Book.version)
    )
    if session.execute(close).scalar_one() > version:
        changed_since = {"changed_at": started_at, "rung_at": now()}
        session.execute(update(Book).where(Book.crop == crop_key).values(changed_since))
        ring(session, "clear_book", crop_key)
