"""What a clearing comes to, before it is written: of a whole book, or of what changed in a standing one."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from matcher import clearing as core
from matcher.clearing.standing.change import ALL_OF_IT, Settled
from matcher.clearing.standing.standing import Standing
from matcher.store.identifiers import uuid7
from matcher.trading import follow
from matcher.trading.changed import read_changed
from matcher.trading.found import Found, Matches, found_matches
from matcher.trading.isolate import FAILURES, clear_isolated
from matcher.trading.looking import Looking
from matcher.trading.record.link import pack_change, pack_settled
from matcher.trading.record.record import pack, pack_result
from matcher.trading.snapshot import Snapshot, take_snapshot
from matcher.trading.standing import Moved, StandingBook, by_key

StandingBooks = dict[str, StandingBook]

# In prices moved and arcs looked at, some 20 ns each: so an outlook is soon there, and as soon for the next.
EFFORT, MOST_EFFORT = 3_000, 2_400_000

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What is to be written. `moved` is what has another outlook; None: anything may have.

    `stands` says that the book is one to be kept solved, here or elsewhere.
    Where work is `put_off`, no match is to be made for good yet.
    """

    clearing_id: UUID
    result: core.Clearing | Settled
    lots: int
    demands: int
    matches: Matches
    moved: Moved | None
    packed_input: bytes
    packed_result: bytes
    standing: StandingBook | None
    stands: bool
    base_id: UUID | None = None
    link: int = 0
    put_off: bool = False

    def made(self, found: Sequence[Found]) -> None:
        """Notes that these are matches for good."""
        for each in found:
            self.matches.drop(each.pair)
        if self.standing is not None:
            self.standing.took([(each.lot.id, each.demand.id, each.quantity_g) for each in found])
        if self.moved is not None:
            self.moved.gone += [(each.lot.id, each.demand.id) for each in found]


def look(looking: Looking, standing: StandingBooks | None) -> Outcome:
    """Settles what changed where this process has the book standing, and else looks at all of it.

    Without `standing`, as this process keeps none, it is always all of it.

    A book left in `standing` is as the outcome has it. Should that not be committed, the ledger's last
    clearing is not the book's, and the book is thrown away.
    """
    if standing is None:
        return _whole(looking, keep=False)
    own = follow.current(looking, standing.pop(looking.crop.key, None))
    outcome = (_settled(looking, own) if own is not None else None) or _whole(looking, keep=True)
    if outcome.standing is not None:
        standing[looking.crop.key] = outcome.standing
    return outcome


def _settled(looking: Looking, own: StandingBook) -> Outcome | None:
    known = own.lots.keys(), own.demands.keys()
    since, effort = looking.cleared_version, _effort(looking, own)
    changed = read_changed(looking.session, looking.crop, looking.numbers, since, known, own.taken, effort)
    try:
        settled = own.core.settle(changed.change)
    except FAILURES:
        logger.exception("a change could not be settled; looking at the whole book")
        return None
    if settled is None:
        return None
    moved = own.follow(
        changed, settled, looking.numbers, looking.crop, looking.signing_time, looking.started_at
    )
    own.clearing_id, own.link = uuid7(), own.link + 1
    ids = ([str(row.id) for row in rows] for rows in (changed.lot_rows, changed.demand_rows))
    return Outcome(
        clearing_id=own.clearing_id,
        result=settled,
        lots=len(own.lots),
        demands=len(own.demands),
        matches=own.matches,
        moved=moved,
        packed_input=pack_change(changed.change, *ids),
        packed_result=pack_settled(settled),
        standing=own,
        stands=True,
        base_id=own.base_id,
        link=own.link,
        put_off=settled.put_off,
    )


def _effort(looking: Looking, own: StandingBook) -> int:
    """All that it takes where matches are to be made; else little, and fourfold each time it goes on."""
    if looking.freezing or looking.crop.hold == timedelta(0):
        return ALL_OF_IT
    return min(4 * own.put_off, MOST_EFFORT) or EFFORT


def _whole(looking: Looking, *, keep: bool) -> Outcome:
    result: core.Clearing
    snapshot = take_snapshot(looking.session, looking.crop, looking.numbers, looking.terms)
    standing = None
    stands = not looking.quickly and follow.stands(len(snapshot.lots), len(snapshot.demands))
    if looking.quickly:
        snapshot, result = clear_isolated(snapshot, _clear_quickly)
    elif stands and keep:
        snapshot, standing = clear_isolated(snapshot, _stand)
        result = standing.clearing
    else:
        snapshot, result = clear_isolated(snapshot, _clear)
    looking.numbers.failures.update(snapshot.failures)
    columns = result.lot.tolist(), result.demand.tolist(), result.quantity.tolist()
    matches = Matches(
        found_matches(snapshot, *columns, looking.crop, looking.signing_time, looking.started_at)
    )
    clearing_id = uuid7()
    return Outcome(
        clearing_id=clearing_id,
        result=result,
        lots=len(snapshot.lots),
        demands=len(snapshot.demands),
        matches=matches,
        moved=None,
        packed_input=pack(snapshot, looking.quickly),
        packed_result=pack_result(result),
        standing=None if standing is None else _standing(standing, snapshot, matches, clearing_id),
        stands=stands,
    )


def _clear(snapshot: Snapshot) -> core.Clearing:
    return core.clear(snapshot.lots, snapshot.demands, snapshot.terms, snapshot.declined)


def _clear_quickly(snapshot: Snapshot) -> core.Clearing:
    return core.clear(snapshot.lots, snapshot.demands, snapshot.terms, snapshot.declined, quickly=True)


def _stand(snapshot: Snapshot) -> Standing:
    return Standing(snapshot.lots, snapshot.demands, snapshot.terms, snapshot.declined)


def _standing(solved: Standing, snapshot: Snapshot, matches: Matches, clearing_id: UUID) -> StandingBook:
    return StandingBook(
        core=solved,
        terms=snapshot.terms,
        lots=by_key(snapshot.lot_rows),
        demands=by_key(snapshot.demand_rows),
        matches=matches,
        base_id=clearing_id,
        clearing_id=clearing_id,
    )
