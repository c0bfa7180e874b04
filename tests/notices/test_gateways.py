"""SMS and Zalo by their gateways, which report later what became of each message."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import copyfile
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from chaos.checker import check_always
from config.settings import Settings
from demo.gateways import SmsGateway, ZaloGateway
from matcher.api.callbacks import router
from matcher.clock import now
from matcher.errors import ConfigError
from matcher.knowledge import Knowledge
from matcher.notices.contacts import ContactPost, add_contact
from matcher.notices.dead import requeue
from matcher.notices.deliver import deliver
from matcher.notices.due import claim
from matcher.notices.letter import outcome
from matcher.notices.record import Happening, record
from matcher.notices.reported import came_back
from matcher.notices.settle import Made, settle
from matcher.notices.sms import report_key
from matcher.notices.zalo_templates import read_templates
from matcher.parties import add_key
from matcher.store.session import Ledger
from matcher.store.tables import Contact, Delivery, Event, Notice
from tests.chaos.sound import connect
from tests.conftest import serving
from tests.market import party
from tests.notices.dying import Doomed, Killed
from tests.notices.letters import answers, let_come_due, match_made, read
from tests.notices.test_words import ORDER

TEMPLATES = """
templates:
  - template_id: "123456"
    language: vi
    kinds: [match.made, contract.agreed]
    parameters: [contract_number, crop, quantity_kg, link]
"""


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Settings with templates, as the ledger knows them too."""
    (tmp_path / "zalo.yaml").write_text(TEMPLATES)
    return settings.model_copy(update={"config_folder": tmp_path})


@pytest.fixture
def esms() -> Iterator[SmsGateway]:
    with SmsGateway() as gateway:
        yield gateway


@pytest.fixture
def zalo() -> Iterator[ZaloGateway]:
    with ZaloGateway() as gateway:
        yield gateway


@pytest.fixture
def own(
    settings: Settings,
    ledger: Ledger,
    knowledge: Knowledge,
    esms: SmsGateway,
    zalo: ZaloGateway,
    tmp_path: Path,
) -> Iterator[Settings]:
    """Settings with both gateways, and the service that they report to."""
    (tmp_path / "token").write_text("oa-access-token\n")
    given = {
        "sms_url": esms.url, "sms_key": esms.key, "sms_secret": esms.secret, "sms_brand": esms.brand,
        "zalo_url": zalo.url, "zalo_token_file": tmp_path / "token", "zalo_secret": zalo.secret,
    }  # fmt: skip
    gateways = settings.model_copy(update=given)
    with serving(gateways, ledger, knowledge) as url:
        yield gateways.model_copy(update={"public_url": url})


def told(ledger: Ledger, channel: str, number: str = "0912345678", language: str = "vi") -> UUID:
    """Tells a new party with this one contact of a match; returns the delivery's id."""
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        said = {"channel": channel, "address": number, "language": language}
        add_contact(session, buyer, ContactPost.model_validate(said))
        record(session, [match_made(buyer)])
        return session.scalars(select(Delivery.id)).one()


def bounce_of(ledger: Ledger) -> str | None:
    with ledger.transaction() as session:
        return session.scalars(select(Contact.bounce)).one()


def test_an_sms_says_it_in_400_letters_and_is_delivered_once_its_arrival_is_reported(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, esms: SmsGateway
) -> None:
    delivery_id = told(ledger, "sms")
    deliver(ledger, own, transport)
    (message,) = esms.taken
    assert message["Phone"] == "0912345678"
    assert message["Content"].startswith(
        "Hợp đồng 0007/2020/HĐMB-LS: Na, 1.250,5 kg, giao ngày 22/08/2020 http"
    )
    assert message["Content"].endswith("/c/q3lZ0cV2mYk1Xb9T8uHnRw")
    assert len(message["Content"]) <= 400
    sent = read(ledger, delivery_id)
    assert (sent.state, sent.arrived_at, sent.provider_id) == ("delivered", None, message["SMSID"])
    for _ in range(2):
        assert esms.report(message, arrived=True).status_code == 204
    arrived = read(ledger, delivery_id)
    assert arrived.arrived_at is not None
    assert answers(arrived) == ["100 taken over by the gateway"]
    esms.report(message, arrived=False)
    assert read(ledger, delivery_id).state == "delivered", "what has arrived has arrived"


def test_an_sms_that_is_reported_lost_is_dead_and_can_be_sent_again_as_the_telephone_may_have_been_off(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, esms: SmsGateway
) -> None:
    delivery_id = told(ledger, "sms")
    deliver(ledger, own, transport)
    for _ in range(2):
        esms.report(esms.taken[0], arrived=False)
    lost = read(ledger, delivery_id)
    assert lost.state == "dead"
    assert answers(lost)[1:] == ["the gateway reports that it could not be delivered"]
    assert bounce_of(ledger) is None
    with ledger.transaction() as session:
        requeue(session, delivery_id)
    deliver(ledger, own, transport)
    assert len(esms.taken) == 2, "the gateway was not asked for the same again, which it would not send"
    assert read(ledger, delivery_id).state == "delivered"


@pytest.mark.parametrize("channel", ["sms", "zalo"])
def test_a_number_that_nobody_has_is_dead_at_once_and_bounces(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, channel: str
) -> None:
    delivery_id = told(ledger, channel, "0900000000")
    deliver(ledger, own, transport)
    delivery = read(ledger, delivery_id)
    assert (delivery.state, len(delivery.attempts)) == ("dead", 1)
    assert bounce_of(ledger) == answers(delivery)[0]


@pytest.mark.parametrize("channel", ["sms", "zalo"])
def test_what_a_gateway_can_not_take_for_now_is_tried_again_and_its_answer_kept(
    ledger: Ledger,
    own: Settings,
    transport: httpx.HTTPTransport,
    esms: SmsGateway,
    zalo: ZaloGateway,
    channel: str,
) -> None:
    delivery_id = told(ledger, channel)
    esms.broken = zalo.broken = True
    deliver(ledger, own, transport)
    esms.broken = zalo.broken = False
    let_come_due(ledger, delivery_id)
    keyless = own.model_copy(update={"sms_secret": "wrong", "zalo_token_file": Path("/nowhere")})
    deliver(ledger, keyless, transport)
    assert read(ledger, delivery_id).state == "due"
    let_come_due(ledger, delivery_id)
    deliver(ledger, own, transport)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "delivered"
    assert len(esms.taken) + len(zalo.taken) == 1
    first, second, _ = answers(delivery)
    assert first == "not understood: 502 <html>Bad Gateway</html>"
    assert second.startswith(
        "101 Authorize Failed" if channel == "sms" else "the token of Zalo can not be read"
    )


@pytest.mark.parametrize("channel", ["sms", "zalo"])
def test_without_a_gateway_the_attempt_fails_and_says_what_is_missing(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, channel: str
) -> None:
    delivery_id = told(ledger, channel)
    deliver(ledger, settings, transport)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "due"
    assert "configured (MATCHER_" in answers(delivery)[0]


def test_an_sms_of_a_worker_that_died_before_recording_it_is_not_sent_twice(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, esms: SmsGateway
) -> None:
    delivery_id = told(ledger, "sms")
    with Doomed() as doomed, pytest.raises(Killed):
        deliver(ledger, own, doomed)
    assert read(ledger, delivery_id).state == "due"
    let_come_due(ledger, delivery_id)
    deliver(ledger, own, transport)
    assert (len(esms.taken), esms.requests) == (1, 2)
    assert read(ledger, delivery_id).state == "delivered"


def test_a_report_of_what_a_dead_worker_had_sent_is_believed(
    ledger: Ledger, own: Settings, esms: SmsGateway
) -> None:
    delivery_id = told(ledger, "sms")
    with Doomed() as doomed, pytest.raises(Killed):
        deliver(ledger, own, doomed)
    esms.report(esms.taken[0], arrived=True)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "delivered"
    assert answers(delivery) == ["arrived, as is reported"]


def test_a_report_that_comes_before_the_sending_is_recorded_is_not_undone_by_it(ledger: Ledger) -> None:
    delivery_id = told(ledger, "sms")
    with ledger.transaction() as session:
        (letter,) = claim(session, timedelta(minutes=1), 0, {"sms": 8})
    began = now()
    with ledger.transaction() as session:
        came_back(session, delivery_id, "lost", bounced=False)
    with ledger.transaction() as session:
        settle(session, [Made(letter, began, began, outcome(True, "100"))])
    assert read(ledger, delivery_id).state == "dead"
    with connect(ledger.settings) as connection:
        assert not [each for each in check_always(connection) if each.invariant == "I3"]


def test_zalo_fills_in_the_template_of_the_event_and_reports_its_arrival(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, zalo: ZaloGateway
) -> None:
    delivery_id = told(ledger, "zalo")
    deliver(ledger, own, transport)
    (message,) = zalo.taken
    assert message["phone"] == "84912345678"
    assert message["tracking_id"] == str(delivery_id)
    assert message["template_data"] == {
        "contract_number": "0007/2020/HĐMB-LS", "crop": "Na", "quantity_kg": "1.250,5",
        "link": f"{own.public_url}/c/q3lZ0cV2mYk1Xb9T8uHnRw",
    }  # fmt: skip
    webhook = f"{own.public_url}/v1/callbacks/zalo"
    assert zalo.report(message, webhook, secret="guessed").status_code == 401
    assert read(ledger, delivery_id).arrived_at is None
    at = int(time.time() * 1000) / 1000
    assert zalo.report(message, webhook, at=at).status_code == 200
    arrived = read(ledger, delivery_id).arrived_at
    assert arrived is not None
    assert arrived.timestamp() == at


@pytest.mark.parametrize("seconds", [-1_600_000_000, -3600, 3600])
def test_an_arrival_before_the_attempt_or_in_the_future_is_noted_when_it_is_reported(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, zalo: ZaloGateway, seconds: int
) -> None:
    delivery_id = told(ledger, "zalo")
    deliver(ledger, own, transport)
    before = now()
    callback = f"{own.public_url}/v1/callbacks/zalo"
    assert zalo.report(zalo.taken[0], callback, at=time.time() + seconds).status_code == 200
    arrived = read(ledger, delivery_id).arrived_at
    assert arrived is not None
    assert before <= arrived <= now()


def test_zalo_reports_nothing_of_what_went_by_another_channel(
    ledger: Ledger, own: Settings, zalo: ZaloGateway
) -> None:
    delivery_id = told(ledger, "sms")
    message = {"phone": "84912345678", "msg_id": "of no message", "tracking_id": str(delivery_id)}
    assert zalo.report(message, f"{own.public_url}/v1/callbacks/zalo").status_code == 200
    delivery = read(ledger, delivery_id)
    assert (delivery.state, delivery.arrived_at) == ("due", None)


@pytest.mark.parametrize("known_by", ["tracking_id", "msg_id"])
def test_an_arrival_is_known_by_either_of_its_names(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, zalo: ZaloGateway, known_by: str
) -> None:
    delivery_id = told(ledger, "zalo")
    deliver(ledger, own, transport)
    other = {"tracking_id": "not one of ours", "msg_id": uuid4().hex}
    message = zalo.taken[0] | {name: said for name, said in other.items() if name != known_by}
    assert zalo.report(message, f"{own.public_url}/v1/callbacks/zalo").status_code == 200
    assert read(ledger, delivery_id).arrived_at is not None


def test_what_zalo_has_no_template_for_is_not_sent_there_and_never_dead(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer", email="mua@example.vn")
        zalo = ContactPost.model_validate({"channel": "zalo", "address": "0912345678", "language": "vi"})
        english = ContactPost.model_validate({"channel": "zalo", "address": "0987654321", "language": "en"})
        for post in (zalo, english):
            add_contact(session, buyer, post)
        record(session, [match_made(buyer), Happening("order.filled", buyer.id, 1, ORDER, [buyer.id])])
        sent = session.execute(
            select(Event.kind, Delivery.address)
            .join(Notice, Notice.event_id == Event.id)
            .join(Delivery, Delivery.notice_id == Notice.id)
        ).all()
    assert sorted(map(tuple, sent)) == [
        ("match.made", "+84912345678"), ("match.made", "mua@example.vn"), ("order.filled", "mua@example.vn"),
    ]  # fmt: skip


def test_a_template_that_was_taken_away_meanwhile_is_named_as_missing(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, zalo: ZaloGateway, tmp_path: Path
) -> None:
    delivery_id = told(ledger, "zalo")
    without = tmp_path / "without"
    without.mkdir()
    (without / "zalo.yaml").write_text("templates: []")
    deliver(ledger, own.model_copy(update={"config_folder": without}), transport)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "dead"
    assert answers(delivery) == ["config/zalo.yaml has no template for match.made in vi"]
    assert zalo.taken == []


def test_templates_that_can_not_be_read_hold_up_nothing(ledger: Ledger, settings: Settings) -> None:
    (settings.config_folder / "zalo.yaml").write_text("templates: rain")
    assert read(ledger, told(ledger, "zalo")).state == "due"


def test_a_contact_says_what_zalo_can_carry_in_its_language(own: Settings, ledger: Ledger) -> None:
    with ledger.transaction() as session:
        key = {"Authorization": f"Bearer {add_key(session, party(session, 'buyer'))}"}
    contacts = f"{own.public_url}/v1/contacts"
    said = {"channel": "zalo", "address": "0912345678"}
    made = httpx.post(contacts, json=said, headers=key).json()
    assert made["carried"] == ["contract.agreed", "match.made"]
    changed = httpx.patch(f"{contacts}/{made['id']}", json={"language": "en"}, headers=key).json()
    assert changed["carried"] == []
    by_sms = httpx.post(contacts, json=said | {"channel": "sms"}, headers=key).json()
    assert by_sms["carried"] is None


def test_reports_that_nobody_of_ours_was_given_are_refused(
    ledger: Ledger, own: Settings, transport: httpx.HTTPTransport, esms: SmsGateway, zalo: ZaloGateway
) -> None:
    delivery_id = told(ledger, "sms")
    deliver(ledger, own, transport)
    callbacks = f"{own.public_url}{router.prefix}"
    done = {"SendStatus": "5", "SendSuccess": "1"}
    for key in ("guessed", "%F0%9F%98%80", report_key("another secret", delivery_id)):
        assert httpx.get(f"{callbacks}/sms/{delivery_id}/{key}", params=done).status_code == 401
    stranger = uuid4()
    answer = httpx.get(f"{callbacks}/sms/{stranger}/{report_key(esms.secret, stranger)}", params=done)
    assert answer.status_code == 204, "a delivery that is not there any more is no fault of the gateway"
    for body in (b"", b"[]", b"\xff", b'{"app_id": 1}', b"[" * 100_000):
        assert httpx.post(f"{callbacks}/zalo", content=body).status_code == 401
    assert read(ledger, delivery_id).arrived_at is None
    followed = {"event_name": "follow", "app_id": zalo.app_id, "timestamp": "1602740480123"}
    for event in (followed, followed | {"event_name": "user_received_message", "message": {}}):
        assert zalo.post(event, f"{callbacks}/zalo").status_code == 200


def test_every_fault_in_the_templates_is_named_with_its_line(tmp_path: Path) -> None:
    second = TEMPLATES + TEMPLATES.partition("templates:\n")[2]
    assert [fault.line for fault in _faults(tmp_path, second)] == [7, 7]
    assert "match.made has no 'rain'" in _faults(tmp_path, TEMPLATES.replace("link", "rain"))[0].fault
    assert _faults(tmp_path, TEMPLATES.replace("contract.agreed", "contract.signed"))[0].line == 5
    assert _faults(tmp_path, TEMPLATES.replace('"123456"', "abc"))
    assert _faults(tmp_path, "templates: []") == []
    copyfile(Settings().config_folder / "zalo.yaml", tmp_path / "zalo.yaml")
    assert read_templates(tmp_path)[1] == []


def _faults(folder: Path, text: str) -> list[ConfigError]:
    (folder / "zalo.yaml").write_text(text)
    return list(read_templates(folder)[1])
