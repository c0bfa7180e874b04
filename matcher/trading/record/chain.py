"""Clearings of a standing book as a chain: the one of the whole book, its base, and the links since."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from matcher.store.tables import Clearing, Demand, Lot
from matcher.trading.numbers import key_of
from matcher.trading.record.link import Link, folded, unpack_link
from matcher.trading.record.record import Arrays, Input, unpack, unpack_result

ALL = 1 << 62


def base_of(session: Session, clearing: Clearing) -> Clearing:
    """The clearing of the whole book that this one goes back to: itself, where it is one."""
    return clearing if clearing.base_id is None else session.get_one(Clearing, clearing.base_id)


def links_of(session: Session, base: Clearing, after: int, until: int) -> Sequence[Clearing]:
    """The links of the base after the `after`-th and until the `until`-th, in order."""
    query = (
        select(Clearing)
        .where(Clearing.base_id == base.id, Clearing.link > after, Clearing.link <= until)
        .order_by(Clearing.link)
        .options(undefer(Clearing.input), undefer(Clearing.result))
    )
    return session.scalars(query).all()


def unpacked(link: Clearing) -> Link:
    """Raises ValueError where a link's record is not one."""
    return unpack_link(link.input, link.result or b"")


def last_with(session: Session, base: Clearing, order: Lot | Demand) -> tuple[Clearing, Input, Arrays] | None:
    """The last clearing of the base's chain that had the order in its book, with book and result as `as_of`.

    None where none had it. Raises ValueError where a record is not what a clearing keeps.
    """
    given, clearings = unpack(base.input), links_of(session, base, 0, ALL)
    links = [unpacked(clearing) for clearing in clearings]
    own, key = str(order.id), key_of(order.id)
    there = own in given.lot_ids or own in given.demand_ids
    last = 0 if there else None
    for number, link in enumerate(links, 1):
        if key in link.change.gone_lots or key in link.change.gone_demands:
            there = False
        there = there or own in link.lot_ids or own in link.demand_ids
        last = number if there else last
    if last is None:
        return None
    return clearings[last - 1] if last else base, *_folded(base, given, links[:last])


def as_of(session: Session, clearing: Clearing) -> tuple[Input, Arrays]:
    """The whole book as the clearing saw it, and what it found, whether base or link.

    Raises ValueError where a record is not what a clearing keeps.
    """
    base = base_of(session, clearing)
    links = [unpacked(link) for link in links_of(session, base, 0, clearing.link)]
    return _folded(base, unpack(base.input), links)


def _folded(base: Clearing, given: Input, links: Sequence[Link]) -> tuple[Input, Arrays]:
    return folded(given, unpack_result(base.result or b""), links)
