"""What lots and demands have in common once they are in the book: read, list, withdraw, expire."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from matcher.book.news import note, remind_of_end
from matcher.clock import now, today
from matcher.errors import Conflict, Fault, Invalid, NotFound, StaleVersion
from matcher.faults import invalid
from matcher.fields import kilograms, kilograms_text
from matcher.parties import sees
from matcher.store.session import ring
from matcher.store.tables import Book, Demand, Lot, Party

OrderT = TypeVar("OrderT", Lot, Demand)
PostT = TypeVar("PostT", bound=BaseModel)


def book_changed(session: Session, crop: str) -> int:
    """Counts a change of the crop's book and rings for its clearing, unless a ring is already out.

    Returns the version that the change makes; the orders it changed carry it in `changed_in`.
    """
    already_due = Book.version > Book.cleared_version
    changed = (
        insert(Book)
        .values(crop=crop, version=1)
        .on_conflict_do_update(
            index_elements=[Book.crop],
            set_={
                "version": Book.version + 1,
                # The first change not yet cleared counts, or a busy book would never look overdue.
                "changed_at": case((already_due, Book.changed_at), else_=now()),
            },
        )
        .returning(Book.version, Book.rung_at, Book.stands)
    )
    version, rung_at, stands = session.execute(changed).one()
    if rung_at is None:
        session.execute(update(Book).where(Book.crop == crop).values(rung_at=now()))
        ring_for(session, crop, stands=stands)
    return int(version)


def ring_for(session: Session, crop: str, *, stands: bool) -> None:
    """Rings for a clearing of the book, where it is kept solved if it stands."""
    ring(session, "settle_book" if stands else "clear_book", crop)


def get_order(session: Session, kind: type[OrderT], order_id: UUID, party: Party) -> OrderT:
    """The order, if `party` may see it. Raises NotFound otherwise, so that ids of others tell nothing."""
    order = session.get(kind, order_id)
    if order is None or not sees(party, order.party_id):
        raise NotFound(f"No {kind.__tablename__} {order_id}.")
    return order


def list_orders(
    session: Session,
    kind: type[OrderT],
    party: Party,
    *,
    state: str | None = None,
    crop: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> Sequence[OrderT]:
    """Newest first, at most `limit`, those older than the order `before`; operators see everybody's.

    What was called of a frame agreement is no order of its owner, and is not among them.
    """
    query = select(kind).where(~kind.called).order_by(kind.id.desc()).limit(limit)
    if party.kind != "operator":
        query = query.where(kind.party_id == party.id)
    for column, value in ((kind.state, state), (kind.crop, crop)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(kind.id < before)
    return session.scalars(query).all()


def posted_anew(kind: type[PostT], said: Mapping[str, Any], changes: Mapping[str, Any]) -> PostT:
    """What was posted, with the changes made; null leaves a field out, so that its default holds.

    Raises Invalid for changes that name nothing, and as a post would be refused.
    """
    if not changes:
        raise Invalid(Fault("", "nothing changes", "Send the fields that change, with their new values."))
    fields = {**said, **changes}
    known = kind.model_fields
    given = {name: value for name, value in fields.items() if value is not None or name not in known}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise invalid(error) from error


def lock_order(
    session: Session, kind: type[OrderT], order_id: UUID, party: Party, version: int | None
) -> OrderT:
    """The party's own open order, its row locked. `version` is what If-Match named, None for any.

    Raises NotFound, StaleVersion, or Conflict when the order is no longer open.
    """
    order = session.get(kind, order_id, with_for_update=True, populate_existing=True)
    if order is None or order.party_id != party.id:
        raise NotFound(f"No {kind.__tablename__} {order_id} of yours.")
    if version is not None and version != order.version:
        raise StaleVersion(f"The version is now {order.version}; read it again, then amend.")
    if order.state != "open":
        raise Conflict(f"This {kind.__tablename__} is {order.state}; only an open one can change.")
    return order


def withdraw(
    session: Session, kind: type[OrderT], order_id: UUID, party: Party, version: int | None = None
) -> OrderT:
    """Takes what remains of the order off the market; what was matched before stays matched.

    Raises as `lock_order`.
    """
    order = lock_order(session, kind, order_id, party, version)
    order.state = "withdrawn"
    order.version += 1
    order.changed_in = book_changed(session, order.crop)
    note(session, order, "withdrawn", by_owner=True)
    return order


def rank_earlier(session: Session, order: Lot | Demand, head_start: timedelta) -> None:
    """Lets an order that was just posted count, in ties only, as posted that much earlier."""
    if head_start:
        session.refresh(order, ["posted_at"])
        order.ranked_at = order.posted_at - head_start


def keeps_crop(order: Lot | Demand, crop: str) -> None:
    """Raises Invalid when an amendment names another crop."""
    if crop != order.crop:
        raise Invalid(Fault("crop", "an order keeps its crop", "Withdraw this order and post another."))


def amend(session: Session, order: Lot | Demand, columns: dict[str, Any]) -> None:
    """Writes the checked columns into a locked order, counts its version and its book's.

    Raises Invalid when more than the new quantity is already matched.
    """
    taken = f"{kilograms_text(order.taken_g)} kg"
    if columns["quantity_g"] < order.taken_g:
        raise Invalid(Fault("quantity_kg", f"{taken} of it are already matched", f"Give {taken} or more."))
    ended = order.expires_on
    for name, value in columns.items():
        setattr(order, name, value)
    order.state = "filled" if order.quantity_g == order.taken_g else "open"
    order.version += 1
    order.changed_at = now()
    order.quarantine = order.quarantined_at = order.quarantine_traceback = None
    session.flush()
    note(session, order, "amended", by_owner=True)
    if order.state == "filled":
        note(session, order, "filled", by_owner=True)
    if order.expires_on != ended:
        remind_of_end(session, order)
    order.changed_in = book_changed(session, order.crop)


def give_back(
    session: Session, kind: type[OrderT], quantities: Mapping[UUID, int], by: Collection[UUID] = ()
) -> Sequence[OrderT]:
    """Returns grams that matches had taken to their orders, by id; a filled one still fresh is open again.

    One that was called of a frame agreement never is: it is withdrawn, as what it took is the agreement's.
    `by` are the parties whose doing it is. Returns the orders, locked in the order of their ids:
    `books_changed` is still to be told.
    """
    locked = select(kind).where(kind.id.in_(quantities)).order_by(kind.id).with_for_update()
    orders = session.scalars(locked.execution_options(populate_existing=True)).all()
    for order in orders:
        order.taken_g -= quantities[order.id]
        order.version += 1
        order.changed_at = now()
        if order.called:
            order.state = "withdrawn"
        elif order.state == "filled":
            order.state = "open" if order.expires_on >= today() else "expired"
            if order.state == "open":
                note(session, order, "reopened", by_owner=order.party_id in by)
            else:
                note(session, order, "expired")
    session.flush()
    return orders


def have_left(lot: Lot, demand: Demand, held_g: int, wanted_g: int) -> None:
    """Raises Invalid when a contract that holds `held_g` of both is to hold more than they have for it."""
    left_g, scarce = min((_left_g(order), order.__tablename__) for order in (lot, demand))
    if wanted_g > held_g + left_g:
        left, most = (f"{kilograms_text(grams)} kg" for grams in (left_g, held_g + left_g))
        what = f"the {scarce} has {left} left beside what this contract holds"
        raise Invalid(Fault("quantity_kg", what, f"Give at most {most}."))


def _left_g(order: Lot | Demand) -> int:
    return order.quantity_g - order.taken_g if order.state == "open" else 0


def take_more(session: Session, kind: type[OrderT], quantities: Mapping[UUID, int]) -> Sequence[OrderT]:
    """Takes grams more of orders, by id, that have them; returns them as `give_back` does."""
    locked = select(kind).where(kind.id.in_(quantities)).order_by(kind.id).with_for_update()
    orders = session.scalars(locked.execution_options(populate_existing=True)).all()
    for order in orders:
        order.taken_g += quantities[order.id]
        order.version += 1
        order.changed_at = now()
        order.state = "filled" if order.taken_g == order.quantity_g else "open"
        if order.state == "filled":
            note(session, order, "filled")
    session.flush()
    return orders


def books_changed(session: Session, orders: Sequence[Lot | Demand]) -> None:
    """Counts the change of these orders, one for each of their books; what was called is in none."""
    # In one order for all, or two that change several books could wait for each other's.
    for crop in sorted({order.crop for order in orders if not order.called}):
        version = book_changed(session, crop)
        for order in orders:
            if order.crop == crop:
                order.changed_in = version


def quantities_shown(order: Lot | Demand) -> dict[str, Decimal]:
    """The quantities of an order's view that lots and demands share, in kg."""
    return {
        "quantity_kg": kilograms(order.quantity_g),
        "taken_kg": kilograms(order.taken_g),
        "remaining_kg": kilograms(order.quantity_g - order.taken_g),
        "min_take_kg": kilograms(order.min_take_g),
    }


def expire(session: Session, today: date, limit: int = 1000) -> int:
    """Expires open orders whose last useful day has passed; returns how many. Skips what others hold."""
    expired: list[Lot | Demand] = [
        *_expiring(session, Lot, today, limit),
        *_expiring(session, Demand, today, limit),
    ]
    for order in expired:
        order.state = "expired"
        order.version += 1
        note(session, order, "expired")
    books_changed(session, expired)
    return len(expired)


def _expiring(session: Session, kind: type[OrderT], today: date, limit: int) -> Sequence[OrderT]:
    query = (
        select(kind)
        .where(kind.state == "open", kind.expires_on < today)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def books_due(session: Session, rung_before: datetime, limit: int = 1000) -> Sequence[str]:
    """Crops whose book changed after its last clearing, or has matches to freeze, and waits too long.

    Too long is: not rung for since `rung_before`.
    """
    due = (
        select(Book)
        .where((Book.version > Book.cleared_version) | (Book.freeze_at <= now()))
        .where(Book.rung_at.is_(None) | (Book.rung_at < rung_before))
        .order_by(Book.changed_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    books = session.scalars(due).all()
    for book in books:
        book.rung_at = now()
        ring_for(session, book.crop, stands=book.stands)
    return [book.crop for book in books]
