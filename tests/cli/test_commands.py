"""The commands of those who run the service, against a ledger of the test's own."""

import csv
import io
import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from config.settings import Settings
from matcher.book.orders import withdraw
from matcher.cli import app
from matcher.clock import VIETNAM
from matcher.errors import Unauthenticated
from matcher.fields import telephone
from matcher.knowledge import Knowledge
from matcher.notices.record import record
from matcher.parties import amend_party, party_by_key
from matcher.store.session import Ledger
from matcher.store.tables import Clearing, Delivery, Demand, Lot, Party, TentativeMatch
from matcher.trading.clear import clear
from tests.market import demand, lot, party
from tests.notices.letters import match_made

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, ledger: Ledger) -> Run:
    """Runs a command and gives what it printed and its exit code."""
    return lambda *words: CliRunner().invoke(
        app, [str(word) for word in words], env=settings.as_environment()
    )


def word_after(label: str, said: str) -> str:
    found = re.search(rf"^{label}\s+(\S+)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def test_a_party_is_added_with_a_key_that_works_until_it_is_revoked(run: Run, ledger: Ledger) -> None:
    said = run(
        "party", "add", "producer", "Hợp tác xã Chi Lăng", "--webhook", "https://erp.example.vn/hook"
    ).output
    key = word_after("key", said)
    assert word_after("secret", said).startswith("whsec_")
    with ledger.transaction() as session:
        assert party_by_key(session, key).name == "Hợp tác xã Chi Lăng"
    listed = run("party", "list").output
    key_id = next(
        word for word in listed.split() if re.fullmatch(r"[0-9a-f-]{36}", word) and word not in said
    )
    assert run("party", "revoke", key_id).exit_code == 0
    with ledger.transaction() as session, pytest.raises(Unauthenticated):
        party_by_key(session, key)


def test_a_webhook_in_a_private_network_is_refused_unless_the_operator_allows_it(settings: Settings) -> None:
    for allowed, exit_code in ((False, 1), (True, 0)):
        env = settings.model_copy(update={"private_addresses_allowed": allowed}).as_environment()
        words = ["party", "add", "producer", "x", "--webhook", "http://127.0.0.1/"]
        said = CliRunner().invoke(app, words, env=env)
        assert said.exit_code == exit_code
        assert ("private network" in said.output) != allowed


def test_a_party_is_amended_field_by_field_and_keeps_the_rest(run: Run, ledger: Ledger) -> None:
    said = run("party", "add", "buyer", "Chợ đầu mối", "--bank", "Agribank", "--position", "Giám đốc").output
    identity, key = word_after("party", said), word_after("key", said)
    assert run("party", "amend", identity, "bank_account=8401 2050", "position=").exit_code == 0
    with ledger.transaction() as session:
        amended = party_by_key(session, key)
        assert (amended.bank_account, amended.bank, amended.position) == ("8401 2050", "Agribank", None)
    refused = run("party", "amend", identity, "bank")
    assert refused.exit_code != 0
    assert "bank=" in refused.output
    with ledger.transaction() as session:
        assert party_by_key(session, key).bank == "Agribank"
    for code in ("4900123456", "4900123456-001", "012345678901"):
        assert run("party", "amend", identity, f"tax_code={code}").exit_code == 0
    for wrong, named in (("bank_acount=1", "bank_acount"), ("kind=producer", "kind"), ("name=", "name")):
        refused = run("party", "amend", identity, wrong)
        assert refused.exit_code == 1
        assert named in refused.output
        assert "quotes" not in refused.output


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("0912345678", "+84912345678"),
        ("+84 912 345 678", "+84912345678"),
        ("0084912345678", "+84912345678"),
        ("84912345678", "+84912345678"),
        ("0086 771 123 4567", "+867711234567"),
        ("+86 771 123 4567", "+867711234567"),
        ("86 771 123 4567", None),
        ("008491234567", None),
        ("00", None),
    ],
)
def test_a_telephone_number_is_the_same_with_a_plus_or_two_noughts(said: str, meant: str | None) -> None:
    assert telephone(said) == meant


def test_a_telephone_number_is_one_that_can_be_called_and_kept_as_it_is_written(
    run: Run, ledger: Ledger
) -> None:
    added = run("party", "add", "buyer", "Chợ đầu mối", "--phone", "024 3825 1234")
    identity = word_after("party", added.output)
    assert run("party", "amend", identity, "phone=+86 771 123 4567").exit_code == 0
    for wrong in ("abc", "0123", "+84 12", "０９１２３４５６７８"):
        refused = run("party", "amend", identity, f"phone={wrong}")
        assert refused.exit_code == 1, wrong
        assert refused.output.startswith("phone: not a telephone number. Give one such as 0912345678")
    with ledger.transaction() as session:
        assert session.get_one(Party, UUID(identity)).phone == "+86 771 123 4567"


def test_a_number_from_before_they_were_checked_is_in_the_way_of_no_other_change(
    run: Run, ledger: Ledger
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        buyer.phone = "gọi anh Ba"
    assert run("party", "amend", buyer.id, "bank=Agribank").exit_code == 0
    with ledger.transaction() as session:
        amended = session.get_one(Party, buyer.id)
        assert (amended.phone, amended.bank, amended.email) == ("gọi anh Ba", "Agribank", "mua@example.vn")


def test_a_further_key_is_another_key_of_the_same_party(run: Run, ledger: Ledger) -> None:
    said = run("party", "add", "buyer", "Chợ đầu mối").output
    further = run("party", "key", word_after("party", said)).output.strip()
    with ledger.transaction() as session:
        assert party_by_key(session, further) == party_by_key(session, word_after("key", said))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("party", "add", "broker", "x"), "kind: "),
        (("party", "add", "buyer", "x", "--email", "nobody"), "email: "),
        (("party", "add", "buyer", "x", "--phone", "abc"), "phone: not a telephone number. Give one such as"),
        (("party", "add", "buyer", "x", "--tax-code", "abc"), "tax_code: "),
        (("party", "add", "buyer", "x", "--tax-code", "490012345"), "10 digits"),
        (("party", "key", uuid4()), "No party"),
        (("party", "revoke", uuid4()), "No key"),
        (("dead", "requeue", uuid4()), "No delivery"),
        (("clearing", "replay", uuid4()), "No clearing"),
        (("clearing", "list", "--crop", "nonsense"), "no crop 'nonsense'"),
        (("clearing", "tentative", "--crop", "nonsense"), "no crop 'nonsense'"),
        (("quarantine", "show", uuid4()), "No order"),
        (("quarantine", "release", uuid4()), "No order"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_code_1(run: Run, words: tuple[object, ...], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MATCHER_DATABASE_URL", "nonsense", "database_url: not the address of a PostgreSQL"),
        ("MATCHER_DATABASE_URL", "mysql://root@localhost/x", "Give postgresql://"),
        ("MATCHER_DATABASE_URL", "postgresql://x@127.0.0.1:1/x", "The database does not answer"),
        ("MATCHER_REDIS_URL", "localhost:6379", "Give redis://"),
        ("MATCHER_PORT", "eighty", "Give a whole number."),
    ],
)
def test_a_setting_that_will_not_do_is_said_in_a_line(
    settings: Settings, name: str, value: str, said: str
) -> None:
    result = CliRunner().invoke(app, ["status"], env=settings.as_environment() | {name: value})
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_the_status_names_every_queue_and_every_kind_of_overdue_work(run: Run) -> None:
    said = run("status").output
    for name in ("clearing", "notices", "documents", "housekeeping", "books to clear", "deliveries to make"):
        assert name in said
    assert "No worker is alive." in said


def test_config_that_is_right_is_said_to_be(run: Run) -> None:
    assert run("config", "check").output == "config/ is right.\n"


def test_nothing_is_started_where_the_config_is_wrong(settings: Settings, tmp_path: Path) -> None:
    own = settings.model_copy(update={"config_folder": tmp_path / "config", "data_folder": tmp_path / "data"})
    shutil.copytree(settings.config_folder, own.config_folder)
    crops = own.config_folder / "crops.yaml"
    crops.write_text(crops.read_text().replace("contract_deadline_hours: 6", "contract_deadline_hours: 0", 1))
    result = CliRunner().invoke(app, ["up"], env=own.as_environment())
    assert result.exit_code == 1
    assert re.search(r"crops.yaml:\d+: .*contract_deadline_hours", result.output)
    assert not own.data_folder.exists()


@pytest.fixture
def cleared(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> str:
    """The id of a clearing of one lot at 130 km or so from its one demand."""
    with ledger.transaction() as session:
        lot(session, party(session, "producer"), knowledge, quantity_kg=800)
        demand(session, party(session, "buyer"), knowledge)
    with ledger.transaction() as session:
        written = clear(session, "custard_apple", knowledge, settings)
        assert written is not None
        return str(written.id)


def test_a_clearing_replays_to_the_same_matches(run: Run, cleared: str) -> None:
    assert "custard_apple" in run("clearing", "list").output
    result = run("clearing", "replay", cleared)
    assert result.exit_code == 0
    assert "The same" in result.output


def test_another_radius_shows_what_it_would_have_done(run: Run, cleared: str) -> None:
    said = run("clearing", "compare", cleared, "--rule", "max_distance=50000").output
    assert re.search(r"on record\s+cleared anew\s+with max_distance=50000", said), said
    assert re.search(r"tonnes placed\s+0\.800\s+0\.800\s+0\.000", said), said


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (("radius=5",), "radius: there is no such term. Use one of: today, loading_hours"),
        (("max_distance=far",), "max_distance: 'far' will not do. Give a whole number from -1 to"),
        (("max_distance=٥",), "max_distance: '٥' will not do. Give a whole number"),
        (("max_distance",), "max_distance: '' will not do. Give a whole number"),
        (("seller_share_percent=101",), "seller_share_percent: '101' will not do. Give a whole number"),
        (("today=739948",), "today: '739948' is not a day. Give a date as 2026-11-28."),
        (("max_distance=1", "max_distance=2"), "max_distance: it is given 2 times. Give each term once."),
    ],
)
def test_a_term_that_will_not_do_is_named_with_what_would(
    run: Run, cleared: str, rules: tuple[str, ...], said: str
) -> None:
    result = run("clearing", "compare", cleared, *(word for rule in rules for word in ("--rule", rule)))
    assert result.exit_code == 1
    assert result.output.startswith(said)


def test_only_a_clearing_that_reaches_its_bound_is_listed_with_100_percent(
    run: Run, ledger: Ledger, cleared: str
) -> None:
    assert "  100.00 %  custard_apple" in run("clearing", "list").output
    with ledger.transaction() as session:
        session.execute(update(Clearing).values(welfare=976_761_304_000, upper_bound=976_804_893_000))
    assert "976,761,304 đ      976,804,893 đ   99.99 %  custard_apple" in run("clearing", "list").output


def test_a_listed_clearing_tells_its_year_and_method_and_no_percent_of_nothing(
    run: Run, ledger: Ledger, cleared: str
) -> None:
    with ledger.transaction() as session:
        session.execute(update(Clearing).values(welfare=0, upper_bound=0, matches=0))
    said = run("clearing", "list").output
    assert re.search(
        r"  20\d\d-\d\d-\d\d \d\d:\d\d:\d\d .* 0 đ +– +custard_apple  network simplex over", said
    )


def test_tentative_matches_are_listed_with_the_next_to_freeze_first(
    run: Run, ledger: Ledger, knowledge: Knowledge
) -> None:
    assert run("clearing", "tentative").output == "Nothing is tentative.\n"
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer", "Hợp tác xã Na"), party(session, "buyer", "Chợ Hà Nội")
        offered = [lot(session, seller, knowledge) for _ in range(3)]
        wanted = demand(session, buyer, knowledge)
        for hour, each in zip((9, 8, 7), offered, strict=True):
            session.add(
                TentativeMatch(
                    lot_id=each.id, demand_id=wanted.id, crop="custard_apple", quantity_g=1_250_500,
                    price=28_400, distance_m=131_900, freeze_at=datetime(2026, 11, 28, hour, tzinfo=VIETNAM),
                )
            )  # fmt: skip
        withdraw(session, Lot, offered[2].id, seller)
    said = run("clearing", "tentative", "--crop", "custard_apple").output.splitlines()
    assert [line[:19] for line in said] == ["2026-11-28 08:00:00", "2026-11-28 09:00:00"]
    assert re.search(r" 1250.5 kg +28,400 đ/kg +131 km  custard_apple  Hợp tác xã Na → Chợ Hà Nội  ", said[0])
    assert said[0].endswith(f"{offered[1].id}  {wanted.id}")
    first = run("clearing", "tentative", "--limit", 1)
    assert (len(first.stdout.splitlines()), "more than these 1" in first.stderr) == (1, True)
    assert run("clearing", "tentative", "--crop", "lychee").output == "Nothing is tentative.\n"


def test_the_prices_of_a_clearing_are_listed_as_csv(run: Run, ledger: Ledger, cleared: str) -> None:
    rows = list(csv.DictReader(io.StringIO(run("clearing", "prices", cleared).output)))
    with ledger.transaction() as session:
        lot_id, demand_id = session.scalars(select(Lot.id)).one(), session.scalars(select(Demand.id)).one()
        welfare = int(session.scalars(select(Clearing.welfare)).one())
    assert [(row["side"], row["order"]) for row in rows] == [("lot", str(lot_id)), ("demand", str(demand_id))]
    assert [row["quantity_kg"] for row in rows] == ["800", "1000"]
    assert sum(int(row["quantity_kg"]) * int(row["price"]) for row in rows) == welfare // 1000


def test_orders_set_aside_are_listed_shown_with_their_traceback_and_released(
    run: Run, ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        poisoned = lot(session, party(session, "producer"), knowledge).id
        session.execute(update(Lot).values(grade="grade_9"))
    with ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    listed = run("quarantine", "list").output
    assert str(poisoned) in listed
    assert "grade_9" in listed
    assert "Traceback" in run("quarantine", "show", poisoned).output
    assert run("quarantine", "release", poisoned).exit_code == 0
    assert run("quarantine", "list").output == ""


def test_dead_letters_are_listed_and_requeued(run: Run, ledger: Ledger) -> None:
    with ledger.transaction() as session:
        record(session, [match_made(party(session, "buyer", email="mua@example.vn"))])
        session.execute(update(Delivery).values(state="dead"))
    assert "mua@example.vn" in run("dead", "list", "--channel", "email").output
    assert run("dead", "list", "--since", "2100-01-01T00:00:00").output == ""
    assert "1 due now" in run("dead", "requeue", "--address", "mua@example.vn").output
    assert run("dead", "list").output == ""


def test_a_requeue_says_which_dead_letters_it_means(run: Run, ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        record(session, [match_made(buyer), match_made(buyer), match_made(buyer)])
        session.execute(update(Delivery).values(state="dead"))
        first, second, _ = session.scalars(select(Delivery.id).order_by(Delivery.id)).all()
    for unclear in ((), (first, "--channel", "email"), ("--all", "--channel", "email"), (first, "--all")):
        refused = run("dead", "requeue", *unclear)
        assert refused.exit_code != 0
        assert "--all" in refused.output
    assert "2 due now" in run("dead", "requeue", first, second).output
    assert "1 due now" in run("dead", "requeue", "--all").output
    assert "0 due now" in run("dead", "requeue", "--all").output


def test_dead_letters_are_found_by_their_former_address_and_by_the_present_one(
    run: Run, ledger: Ledger
) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="cu@example.vn")
        record(session, [match_made(buyer)])
        session.execute(update(Delivery).values(state="dead"))
        amend_party(session, buyer.id, {"email": "moi@example.vn"})
    for address in ("cu@example.vn", "moi@example.vn"):
        assert "cu@example.vn" in run("dead", "list", "--address", address).output
    assert run("dead", "list", "--address", "khac@example.vn").output == ""
    assert "1 due now" in run("dead", "requeue", "--address", "moi@example.vn").output
    with ledger.transaction() as session:
        assert session.scalars(select(Delivery.address)).one() == "moi@example.vn"
