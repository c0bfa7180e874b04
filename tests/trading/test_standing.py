"""A worker may keep a book solved in its memory; what it writes is worth what the whole book is."""

import itertools
import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chaos.clearings import clearings
from config.settings import Settings
from matcher import clearing as core
from matcher.book.lots import amend_lot
from matcher.book.orders import books_due, withdraw
from matcher.clearing.standing import keeping
from matcher.clock import now
from matcher.contracts.draft import signing_hours
from matcher.contracts.life import decline, lapse
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger, Ring, rings_of
from matcher.store.tables import Book, Clearing, Contract, Demand, Lot, Match, Party, TentativeMatch
from matcher.trading import follow, outcome
from matcher.trading.clear import clear, hand_over
from matcher.trading.explain.explain import explain
from matcher.trading.outcome import StandingBooks
from matcher.trading.record.chain import as_of
from matcher.trading.record.replay import compare, prices, replay
from matcher.trading.time_limit import ran_out_of_time
from tests.chaos.sound import connect
from tests.market import demand, lot, party
from tests.trading.invariants import broken
from tests.trading.test_freeze import with_hold

CROP = "custard_apple"
ALTERED = "UPDATE match SET quantity_g = quantity_g + 1 FROM clearing c WHERE c.id = clearing_id AND link > 2"


@pytest.fixture(autouse=True)
def _every_book_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small it is, and however much a single term costs it."""
    monkeypatch.setattr(follow, "SMALL", 0)
    monkeypatch.setattr(keeping, "DRIFT", 1)


class Market:
    """Two sellers, two buyers, and two workers that each keep the book standing."""

    def __init__(self, ledger: Ledger, knowledge: Knowledge, settings: Settings) -> None:
        self.ledger, self.knowledge, self.settings = ledger, knowledge, settings
        self.workers: tuple[StandingBooks, StandingBooks] = {}, {}
        self.chance = random.Random(7)
        with ledger.transaction() as session:
            self.sellers = [party(session, "producer") for _ in range(2)]
            self.buyers = [party(session, "buyer") for _ in range(2)]
        self.post(6)

    def post(self, pairs: int) -> None:
        with self.ledger.transaction() as session:
            for _ in range(pairs):
                self.lot(session)
                self.demand(session)

    def lot(self, session: object, **changes: object) -> Lot:
        ask, kilograms = self.chance.randrange(18_000, 40_000), self.chance.randrange(50, 900)
        said = {"ask": ask, "quantity_kg": kilograms, **changes}
        return lot(session, self.chance.choice(self.sellers), self.knowledge, **said)  # type: ignore[arg-type]

    def demand(self, session: object, **changes: object) -> Demand:
        bid, kilograms = self.chance.randrange(25_000, 45_000), self.chance.randrange(50, 900)
        said = {"bid": bid, "quantity_kg": kilograms, **changes}
        return demand(session, self.chance.choice(self.buyers), self.knowledge, **said)  # type: ignore[arg-type]

    def clear(self, worker: int = 0) -> Clearing | None:
        with self.ledger.transaction() as session:
            return clear(session, CROP, self.knowledge, self.settings, self.workers[worker])

    def tentative(self) -> dict[tuple[object, object], int]:
        with self.ledger.transaction() as session:
            rows = session.scalars(select(TentativeMatch)).all()
            return {(row.lot_id, row.demand_id): row.quantity_g for row in rows}

    def value_anew(self) -> int:
        """What looking at the whole book finds it worth, without writing anything."""
        with self.ledger.transaction() as session:
            session.execute(update(Book).values(version=Book.version + 1, clearing_id=None))
            found = clear(session, CROP, self.knowledge, self.settings)
            assert found is not None
            assert found.base_id is None
            value = int(found.welfare)
            session.rollback()
        return value


@pytest.fixture
def holding(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Market:
    return Market(ledger, with_hold(knowledge, hold_minutes=30), settings)


@pytest.fixture
def at_once(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Market:
    return Market(ledger, knowledge, settings)


def disturb(market: Market, what: str) -> None:
    with market.ledger.transaction() as session:
        lots = session.scalars(select(Lot).where(Lot.state == "open").order_by(Lot.id)).all()
        if what == "withdraw" and lots:
            chosen = market.chance.choice(lots)
            withdraw(session, Lot, chosen.id, session.get_one(Party, chosen.party_id))
        elif what == "amend" and lots:
            chosen = market.chance.choice(lots)
            owner = session.get_one(Party, chosen.party_id)
            more = {"quantity_kg": chosen.taken_g // 1000 + market.chance.randrange(50, 900)}
            amend_lot(session, owner, chosen.id, more, None, market.knowledge)
        elif what == "lot":
            market.lot(session)
        else:
            market.demand(session, min_fill_kg=40)


WHAT = ("lot", "demand", "amend", "withdraw", "lot", "demand")


def test_changes_of_a_standing_book_are_worth_what_the_whole_book_is(holding: Market) -> None:
    base = holding.clear()
    assert base is not None
    assert base.base_id is None
    for number in range(18):
        disturb(holding, WHAT[number % len(WHAT)])
        # Two workers take turns, and each follows what the other did.
        link = holding.clear(number % 3 == 1)
        assert link is not None
        assert (link.base_id, link.link) == (base.id, number + 1)
        assert int(link.upper_bound) >= holding.value_anew() >= 0.98 * int(link.welfare)
        with holding.ledger.transaction() as session:
            assert replay(session, link.id) == []
            given, found = as_of(session, link)
            columns = (found[name].tolist() for name in ("lot", "demand", "quantity"))
            recorded = {
                (UUID(given.lot_ids[own]), UUID(given.demand_ids[other])): quantity
                for own, other, quantity in zip(*columns, strict=True)
            }
            assert recorded == holding.tentative()
            compared = compare(session, link.id, [])
            assert compared.recorded.value_dong == int(link.welfare) // 1000 <= compared.anew.value_dong
            assert compared.recorded.matches == link.matches == len(recorded)
            relaxation = core.clear(given.lots, given.demands, given.terms, given.declined).relaxation
            assert sum(grams * price for _, _, grams, price in prices(session, link.id)) == relaxation
    assert len(holding.tentative()) > 3


def test_a_book_that_stands_is_rung_for_where_it_is_kept(
    holding: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, elsewhere = [Ring("settle_book", CROP)], [Ring("clear_book", CROP)]

    def rung(change: Callable[[Session], object]) -> tuple[list[Ring], bool]:
        with holding.ledger.transaction() as session:
            session.execute(update(Book).values(rung_at=None))
            change(session)
            return rings_of(session), hand_over(session, CROP)

    assert rung(holding.lot) == (elsewhere, False), "nothing stands yet"
    assert holding.clear() is not None
    assert rung(holding.lot) == (kept, True)
    assert rung(lambda session: books_due(session, now())) == (kept, True), "the sweep's too"
    assert rung(lambda session: ran_out_of_time(session, CROP)) == (elsewhere, False), (
        "it is cleared quickly now"
    )
    monkeypatch.setattr(follow, "SMALL", 1_000_000)
    assert holding.clear(1) is not None
    assert rung(holding.lot) == (elsewhere, False), "so small a book needs no keeping"


def test_who_keeps_no_books_looks_at_the_whole_of_one_that_stands(holding: Market) -> None:
    """And builds none to throw it away, least of all where a clearing just ran out of time."""
    assert holding.clear() is not None
    holding.post(1)
    with holding.ledger.transaction() as session:
        ran_out_of_time(session, CROP)
        written = clear(session, CROP, holding.knowledge, holding.settings)
        assert written is not None
        assert written.base_id is None
        assert session.scalar(select(Book.stands)) is False


def test_what_is_put_off_keeps_the_book_due_and_another_worker_goes_on_with_it(
    holding: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "EFFORT", 1)
    assert holding.clear() is not None
    put_off = 0
    for number in range(12):
        disturb(holding, WHAT[number % len(WHAT)])
        last = None
        while (link := holding.clear((number + put_off) % 2)) is not None:
            last = link
            put_off += "cut short" in link.method
            assert int(link.welfare) <= int(link.upper_bound)
        assert last is not None
        assert "cut short" not in last.method
        assert int(last.upper_bound) >= holding.value_anew() >= 0.98 * int(last.welfare)
        with holding.ledger.transaction() as session:
            assert replay(session, last.id) == []
    assert put_off > 0


def test_no_match_is_made_before_what_was_put_off_is_done(
    holding: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert holding.clear() is not None
    monkeypatch.setattr(outcome, "EFFORT", 1)
    disturb(holding, "demand")
    with holding.ledger.transaction() as session:
        session.execute(update(Lot).values(decide_by=now()))
        session.execute(update(Lot).values(changed_in=select(Book.version).scalar_subquery()))
    links = []
    while (link := holding.clear()) is not None:
        links.append(link.method)
        with holding.ledger.transaction() as session:
            assert ("cut short" in link.method) <= (session.scalar(select(Match.id).limit(1)) is None)
    assert "cut short" in links[0]
    with holding.ledger.transaction() as session:
        assert session.scalar(select(Match.id).limit(1)) is not None


def test_matches_of_a_standing_book_are_made_with_contracts_at_their_freeze(at_once: Market) -> None:
    """Where nothing is held, every clearing makes what it finds; contracts that lapse come back."""
    for number in range(12):
        assert at_once.clear(number % 2) is not None
        assert at_once.tentative() == {}
        if number == 6:
            hours = signing_hours(at_once.knowledge.catalogue.crop(CROP), at_once.settings)
            with at_once.ledger.transaction() as session:
                late = {"deadline_at": now() - timedelta(hours=hours)}
                session.execute(update(Contract).values(late))
                assert lapse(session) > 0
        else:
            disturb(at_once, WHAT[number % len(WHAT)])
    assert broken(at_once.ledger) == {}
    with connect(at_once.settings) as connection:
        assert clearings(connection) == []
        connection.execute(ALTERED)
        assert len(clearings(connection)) > 1
    with at_once.ledger.transaction() as session:
        every = session.scalars(select(Clearing)).all()
        assert sum(each.base_id is not None for each in every) > 8
        pairs = [(match.lot_id, match.demand_id) for match in session.scalars(select(Match))]
        assert len(pairs) == len(set(pairs)), "a pair that came to nothing is not proposed again"


def test_a_demand_that_comes_back_is_not_proposed_to_whom_it_was_declined_before(at_once: Market) -> None:
    """Nor where the other order is as it was all along, and the book was cleared whole in between."""
    with at_once.ledger.transaction() as session:
        for order in (*session.scalars(select(Lot)), *session.scalars(select(Demand))):
            order.state = "withdrawn"
        declined = at_once.lot(session, ask=20_000, quantity_kg=100).id
        wanted = at_once.demand(session, bid=40_000, quantity_kg=100).id
    at_once.clear()
    end(at_once, declined)
    with at_once.ledger.transaction() as session:
        taken = at_once.lot(session, ask=30_000, quantity_kg=100).id
    at_once.clear()
    with at_once.ledger.transaction() as session:
        assert session.get_one(Demand, wanted).state == "filled"
        at_once.lot(session, ask=90_000)
        at_once.demand(session, bid=1_000)
        session.execute(update(Book).values(version=Book.version + 1, clearing_id=None))
    whole = at_once.clear()
    assert whole is not None
    assert (whole.base_id, whole.demands) == (None, 1)
    end(at_once, taken)
    link = at_once.clear()
    assert link is not None
    assert link.base_id == whole.id
    with at_once.ledger.transaction() as session:
        assert sorted(session.scalars(select(Match.lot_id))) == sorted([declined, taken])


def end(market: Market, lot_id: UUID) -> None:
    """Has the seller decline the contract of the lot's one match."""
    with market.ledger.transaction() as session:
        contract = session.scalars(select(Contract).join(Match).where(Match.lot_id == lot_id)).one()
        decline(
            session, contract.id, session.get_one(Party, session.get_one(Lot, lot_id).party_id), "Hết hàng"
        )


def test_an_order_of_a_standing_book_is_explained_from_the_chain(holding: Market) -> None:
    holding.clear()
    with holding.ledger.transaction() as session:
        dear = holding.lot(session, ask=90_000)
    link = holding.clear()
    disturb(holding, "lot")
    last = holding.clear()
    assert link is not None
    assert last is not None
    with holding.ledger.transaction() as session:
        told = explain(session, session.get_one(Lot, dear.id), holding.knowledge.catalogue)
        assert (told.clearing_id, told.possible) == (last.id, 0)
        assert told.blocked["price"] == told.considered == last.demands
        withdraw(session, Lot, dear.id, session.get_one(Party, dear.party_id))
    holding.clear()
    with holding.ledger.transaction() as session:
        told = explain(session, session.get_one(Lot, dear.id), holding.knowledge.catalogue)
        assert told.clearing_id == last.id


def test_what_a_worker_remembers_of_a_clearing_that_was_not_committed_is_thrown_away(holding: Market) -> None:
    holding.clear()
    disturb(holding, "lot")
    with holding.ledger.transaction() as session:
        assert clear(session, CROP, holding.knowledge, holding.settings, holding.workers[0]) is not None
        session.rollback()
    link = holding.clear()
    assert link is not None
    assert int(link.upper_bound) >= holding.value_anew()
    with holding.ledger.transaction() as session:
        assert replay(session, link.id) == []


def test_a_worker_that_has_fallen_far_behind_clears_the_whole_book(
    holding: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "LINKS", 2)
    links = []
    for _ in range(4):
        written = holding.clear(0)
        assert written is not None
        links.append(written.link)
        disturb(holding, "lot")
    assert links == [0, 1, 2, 3]
    late = holding.clear(1)
    assert late is not None
    assert late.base_id is None


def test_a_clearing_that_cannot_be_followed_has_the_whole_book_cleared(holding: Market) -> None:
    holding.clear()
    disturb(holding, "lot")
    assert holding.clear(1) is not None
    with holding.ledger.transaction() as session:
        session.execute(update(Clearing).where(Clearing.link == 1).values(input=b"torn"))
    disturb(holding, "demand")
    whole = holding.clear(0)
    assert whole is not None
    assert whole.base_id is None


def test_an_order_changed_by_hand_behind_the_back_of_its_book_is_found_out(at_once: Market) -> None:
    assert at_once.clear() is not None
    with at_once.ledger.transaction() as session:
        assert session.scalars(select(Lot.id).where(Lot.state == "open")).first() is not None
        session.execute(update(Lot).where(Lot.state == "open").values(state="withdrawn"))
        at_once.demand(session, bid=90_000)
    found = at_once.clear()
    assert found is not None
    assert (found.link, found.matches) == (1, 1), "it is not known yet that the lot is gone"
    clearings_needed = iter(at_once.clear, None)
    assert len(list(itertools.islice(clearings_needed, 20))) < 20, "one for each lot that it tries"
    assert broken(at_once.ledger) == {}
