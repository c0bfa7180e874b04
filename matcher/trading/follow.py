"""A standing book brought up to clearings that other processes made."""

import logging
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher.clearing.standing.standing import Standing
from matcher.store.tables import Clearing, Demand, Lot, Match
from matcher.trading.changed import Changed, Taken
from matcher.trading.found import Matches, found_matches
from matcher.trading.isolate import FAILURES
from matcher.trading.looking import Looking
from matcher.trading.record.chain import base_of, links_of, unpacked
from matcher.trading.record.link import Link
from matcher.trading.record.record import unpack
from matcher.trading.snapshot import Snapshot, rows_of
from matcher.trading.standing import StandingBook, by_key

# So small a book is read and cleared anew in the time it takes to settle a change.
SMALL = 40_000  # pairs
FEW = 1_000  # orders
LINKS = 300  # more of them would take longer to follow than a whole clearing takes

logger = logging.getLogger(__name__)


def stands(lots: int, demands: int) -> bool:
    """Whether a book of so many orders is kept solved."""
    return lots * demands > SMALL or lots + demands > FEW


def current(looking: Looking, own: StandingBook | None) -> StandingBook | None:
    """The crop's book as of the ledger's last clearing: `own` brought up to it, or built from its base.

    None where that can not be: another day's or catalogue's terms, a small book, no clearing yet.
    """
    if own is not None and own.terms != looking.terms:
        own = None
    if own is not None and own.clearing_id == looking.last_clearing:
        return own
    last = looking.session.get(Clearing, looking.last_clearing) if looking.last_clearing else None
    if last is None:
        return None
    base = base_of(looking.session, last)
    try:
        if own is None or own.base_id != base.id or own.link > last.link:
            own = _from_base(looking, base) if last.link <= LINKS else None
        return own if own is not None and _follows(looking, own, base, last) else None
    except FAILURES:
        logger.exception("a standing book could not be brought up to date; looking at the whole book")
        return None


def _from_base(looking: Looking, base: Clearing) -> StandingBook | None:
    if not stands(base.lots, base.demands):
        return None
    given = unpack(base.input)
    if given.quickly or given.terms != looking.terms or given.keys != looking.numbers.keys:
        return None
    core = Standing(given.lots, given.demands, given.terms, given.declined)
    lot_rows = rows_of(looking.session, Lot, [*map(UUID, given.lot_ids)])
    demand_rows = rows_of(looking.session, Demand, [*map(UUID, given.demand_ids)])
    snapshot = Snapshot(
        lot_rows, demand_rows, given.lots, given.demands, given.terms, given.declined, {}, given.keys
    )
    result = core.clearing
    columns = result.lot.tolist(), result.demand.tolist(), result.quantity.tolist()
    found = found_matches(snapshot, *columns, looking.crop, looking.signing_time, looking.started_at)
    own = StandingBook(
        core=core,
        terms=given.terms,
        lots=by_key(lot_rows),
        demands=by_key(demand_rows),
        matches=Matches(found),
        base_id=base.id,
        clearing_id=base.id,
    )
    own.took(_made_by(looking.session, base.id))
    return own


def _follows(looking: Looking, own: StandingBook, base: Clearing, last: Clearing) -> bool:
    """Settles in `own` what each link after it settled; whether each did what it is said to have done."""
    for clearing in links_of(looking.session, base, own.link, last.link):
        link = unpacked(clearing)
        settled = own.core.settle(link.change)
        if settled is None or settled.quantity.tolist() != link.result["quantity"].tolist():
            return False
        changed = _changed(looking.session, own, link)
        own.follow(changed, settled, looking.numbers, looking.crop, looking.signing_time, looking.started_at)
        own.clearing_id, own.link = clearing.id, clearing.link
        own.took(_made_by(looking.session, clearing.id))
    return own.clearing_id == last.id


def _changed(session: Session, own: StandingBook, link: Link) -> Changed:
    """A link's change with the rows of its orders as they are by now: what changed since is to come."""
    lot_rows = rows_of(session, Lot, [*map(UUID, link.lot_ids)])
    demand_rows = rows_of(session, Demand, [*map(UUID, link.demand_ids)])
    gone = [*link.change.gone_lots.tolist(), *link.change.gone_demands.tolist()]
    return Changed(link.change, lot_rows, demand_rows, [*map(own.id_of, gone)])


def _made_by(session: Session, clearing_id: UUID) -> Sequence[Taken]:
    made = select(Match.lot_id, Match.demand_id, Match.quantity_g).where(Match.clearing_id == clearing_id)
    return [(lot_id, demand_id, grams) for lot_id, demand_id, grams in session.execute(made)]
