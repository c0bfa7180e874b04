"""Which lots and demands are not proposed to each other again."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, CompoundSelect, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from matcher.book.orders import books_changed
from matcher.store.tables import Contract, DeclinedPair, Demand, Lot, Match

Pair = tuple[UUID, UUID]  # lot, demand


def declined_pairs(session: Session, crop: str, orders: Collection[UUID] | None) -> Sequence[Pair]:
    """Pairs whose contract was declined, has lapsed or was breached, those that copies inherit, surpluses.

    All of the crop, or those that one of `orders` belongs to.
    """
    given: dict[str, object] = {"crop": crop}
    if orders is not None:
        given["orders"] = list(orders)
    pairs = session.execute(_query(of_some=orders is not None), given)
    return [(lot_id, demand_id) for lot_id, demand_id in pairs]


@cache
def _query(*, of_some: bool) -> CompoundSelect[UUID, UUID]:
    """Built once, since that takes as long as answering it."""
    over = or_(Contract.signature.in_(("declined", "lapsed")), Contract.fulfilment == "breached")
    failed = select(Match.lot_id, Match.demand_id).join(Contract, Contract.match_id == Match.id)
    failed = failed.where(Match.crop == bindparam("crop"), over)
    inherited = select(DeclinedPair.lot_id, DeclinedPair.demand_id).where(
        DeclinedPair.crop == bindparam("crop")
    )
    if of_some:
        orders: BindParameter[Any] = bindparam("orders", expanding=True)
        failed = failed.where(or_(Match.lot_id.in_(orders), Match.demand_id.in_(orders)))
        inherited = inherited.where(or_(DeclinedPair.lot_id.in_(orders), DeclinedPair.demand_id.in_(orders)))
    return failed.union(inherited)


def inherit_declined(session: Session, old: Lot | Demand, copy: Lot | Demand) -> None:
    """Whom the old order is not proposed to, its copy is not either; what it has from another stays."""
    pairs = declined_pairs(session, old.crop, [old.id])
    rows = [
        {
            "lot_id": copy.id if lot_id == old.id else lot_id,
            "demand_id": copy.id if demand_id == old.id else demand_id,
            "crop": old.crop,
        }
        for lot_id, demand_id in pairs
    ]
    if rows:
        session.execute(insert(DeclinedPair).on_conflict_do_nothing(), rows)


def never_paired(session: Session, lot: Lot, demands: Collection[UUID]) -> None:
    """Has the lot proposed to none of these demands, nor to what is a copy of one later on."""
    rows = [{"lot_id": lot.id, "demand_id": demand_id, "crop": lot.crop} for demand_id in demands]
    session.execute(insert(DeclinedPair).on_conflict_do_nothing(), rows)


def pairing_changed(session: Session, match: Match) -> None:
    """Has the book cleared anew without the pair of the match, whose orders may both have something left."""
    books_changed(session, locked_pair(session, match))


def locked_pair(session: Session, match: Match) -> Sequence[Lot | Demand]:
    """The lot and the demand of a match, locked in the order in which a clearing locks them."""
    lot = session.get_one(Lot, match.lot_id, with_for_update=True)
    return [lot, session.get_one(Demand, match.demand_id, with_for_update=True)]
