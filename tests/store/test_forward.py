"""A database in which the first release has traded is brought to this one, and keeps what it holds."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select, text

from chaos.checker import check_always
from config.settings import Settings
from matcher.book.lots import lot_view
from matcher.book.page_link import order_page_path
from matcher.contracts.evidence import evidence
from matcher.contracts.keys import sealing_key
from matcher.contracts.steps import steps_of
from matcher.contracts.verify import verify
from matcher.store import migrate as store
from matcher.store.migrate import migrate
from matcher.store.session import Ledger
from matcher.store.tables import Contact, Contract, Delivery, Demand, Event, Frame, Lot, Party
from matcher.trading.quarantine import quarantined
from tests.chaos.sound import connect

TRADED = Path(__file__).with_name("traded_0001.sql")
# What later migrations have written anew or done without, on purpose.
REWRITTEN = {("lot", "quarantine"), ("delivery", "rung_at"), ("event", "data")}
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def first_release(empty: Settings) -> Iterator[Ledger]:
    ledger = Ledger(empty)
    migrate(ledger, "0001")
    with connect(empty) as connection:
        connection.execute(TRADED.read_bytes())
    yield ledger
    ledger.engine.dispose()


def rows_of(engine: Engine) -> Rows:
    """Every row of every table but the migrations' own, in some fixed order."""
    with engine.connect() as connection:
        tables = connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ).all()
        return {
            table: list(connection.scalars(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY t::text")))  # noqa: S608
            for table in tables
            if table != "alembic_version"
        }


def test_a_database_of_the_first_release_comes_to_this_one_with_every_row_and_value(
    first_release: Ledger,
) -> None:
    before = rows_of(first_release.engine)
    assert [table for table, rows in before.items() if not rows] == [], "a table that proves nothing"
    migrate(first_release)
    after = rows_of(first_release.engine)
    for table, rows in before.items():
        for row in rows:
            kept = {name: value for name, value in row.items() if (table, name) not in REWRITTEN}
            assert any(kept.items() <= each.items() for each in after[table]), (table, kept)
        assert len(after[table]) == len(rows)
    with connect(first_release.settings) as connection:
        assert check_always(connection) == []


def test_what_later_releases_added_is_filled_in_from_what_was_there(first_release: Ledger) -> None:
    migrate(first_release)
    with first_release.transaction() as session:
        contracts = session.scalars(select(Contract)).all()
        assert len({contract.page_key for contract in contracts}) == len(contracts) == 2
        assert all(len(contract.page_key) >= 22 for contract in contracts)
        orders = [*session.scalars(select(Lot)), *session.scalars(select(Demand))]
        pages = {order.id: order_page_path(order) for order in orders}
        assert len(set(pages.values())) == len(orders)
        for event in session.scalars(select(Event).where(Event.kind == "order.quarantined")):
            assert event.data["order_page"] == pages[event.subject_id]
        assert [order.changed_at for order in orders] == [order.posted_at for order in orders]
        (aside,) = quarantined(session)
        assert (aside.reason, aside.error) == ("unreadable", "KeyError: 'grade_9'")
        assert aside.since == datetime(2020, 8, 21, 4, tzinfo=UTC)
        view = lot_view(session.get_one(Lot, aside.id))
        assert view.quarantine is not None
        assert view.quarantine.reason == "unreadable"


def test_what_a_party_preferred_by_mail_is_what_its_first_contact_is_told(first_release: Ledger) -> None:
    migrate(first_release, "0026")
    with first_release.transaction() as session:
        for statement in (
            "UPDATE party SET email = id || '@example.vn' WHERE kind <> 'operator'",
            """INSERT INTO preference (party_id, mail_kinds, quiet_from, quiet_until)
               SELECT id, ARRAY['match.made'], '21:00', '05:00' FROM party WHERE email IS NOT NULL LIMIT 1""",
            """INSERT INTO delivery (id, notice_id, channel, address)
               SELECT gen_random_uuid(), n.id, 'email', p.email FROM notice n
               JOIN party p ON p.id = n.party_id WHERE p.email IS NOT NULL""",
        ):
            session.execute(text(statement))
        party_id = session.execute(text("SELECT party_id FROM preference")).scalar_one()
    migrate(first_release)
    with first_release.transaction() as session:
        told = session.scalars(select(Party).where(Party.email.is_not(None))).all()
        contacts = {contact.party_id: contact for contact in session.scalars(select(Contact))}
        assert {each.id: each.email for each in told} == {
            owner: each.address for owner, each in contacts.items()
        }
        assert len({contact.token for contact in contacts.values()}) == len(told)
        wishes = contacts[party_id]
        assert (wishes.kinds, wishes.quiet_from, wishes.quiet_until) == (["match.made"], time(21), time(5))
        mails = session.scalars(select(Delivery).where(Delivery.channel == "email")).all()
        assert mails, "deliveries that prove nothing"
        for mail in mails:
            assert contacts[mail.notice.party_id].id == mail.contact_id


AGREED_BEFORE = """
    INSERT INTO frame (id, series, year, serial, number, kind, state, terms, drafted_at, reason, left_by,
                       left_at)
    SELECT gen_random_uuid(), 'x', 2020, 1, 'x', 'frame', 'ended', '{"goods": "Na", "number": "x"}',
           '2020-08-21 03:00+00', 'Hết mùa', id, '2020-10-21 03:00+00' FROM party ORDER BY id LIMIT 1;
    INSERT INTO frame_side (frame_id, party_id, signer, terms_hash, signed_at)
    SELECT f.id, p.id, p.name, 'x', f.drafted_at + interval '1 hour' FROM frame f, party p;
    INSERT INTO contract_series (series, year, last_serial) VALUES ('x', 2020, 1)
"""


def test_an_agreement_of_before_steps_were_chained_has_its_own(first_release: Ledger, tmp_path: Path) -> None:
    migrate(first_release, "0028")
    with connect(first_release.settings) as connection:
        connection.execute(AGREED_BEFORE)
    migrate(first_release)
    key = sealing_key(tmp_path / "seal")
    with first_release.transaction() as session:
        frame = session.scalars(select(Frame)).one()
        kinds = [step.statement["kind"] for step in steps_of(session, frame)]
        assert verify(evidence(session, frame, key), [key.public]).genuine
    assert kinds == ["drafted", *["signed"] * (len(kinds) - 3), "agreed", "ended"]
    with connect(first_release.settings) as connection:
        assert check_always(connection) == []


CALLED_BEFORE = """
    INSERT INTO frame (id, series, year, serial, number, kind, state, terms, drafted_at)
    VALUES (gen_random_uuid(), 'x', 2020, 1, 'x', 'frame', 'agreed', '{}', '2020-08-21 03:00+00');
    INSERT INTO frame_call (contract_id, frame_id) SELECT c.id, f.id FROM contract c, frame f
    ORDER BY c.id LIMIT 1;
    UPDATE lot SET state = 'open', quantity_g = lot.quantity_g + 1000
    FROM match m, contract c, frame_call f
    WHERE m.lot_id = lot.id AND c.match_id = m.id AND f.contract_id = c.id
"""


def test_what_was_called_before_and_went_to_the_market_leaves_it_and_its_book_hears_of_it(
    first_release: Ledger,
) -> None:
    migrate(first_release, "0037")
    with connect(first_release.settings) as connection:
        connection.execute(CALLED_BEFORE)
    with first_release.transaction() as session:
        before = {book.crop: book.version for book in session.execute(text("SELECT crop, version FROM book"))}
    migrate(first_release)
    with first_release.transaction() as session:
        lot = session.scalars(select(Lot).where(Lot.called)).one()
        assert session.scalars(select(Demand).where(Demand.called)).one().state != "open"
        assert (lot.state, lot.changed_in > before[lot.crop]) == ("withdrawn", True)


def test_there_is_no_way_back_and_an_attempt_changes_nothing(first_release: Ledger) -> None:
    migrate(first_release)
    before = rows_of(first_release.engine)
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with first_release.engine.connect() as config.attributes["connection"]:
        refused = False
        try:
            command.downgrade(config, "0001")
        except AttributeError as error:  # alembic's way to say that no migration has one
            refused = "downgrade" in str(error)
    assert refused
    assert rows_of(first_release.engine) == before
