import base64
import hashlib
import hmac
import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from config.settings import Settings
from demo.receivers import Behaviour, WebhookReceiver
from matcher.clock import now
from matcher.notices.deliver import deliver
from matcher.notices.record import record
from matcher.store.session import Ledger
from matcher.store.tables import Delivery, Endpoint, Party
from tests.notices.letters import answers, match_made, read, secret_of, told

NOTICES = Path(__file__).parents[2] / "docs" / "notices.md"


def test_a_webhook_carries_the_event_and_is_recorded_as_delivered(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    (request,) = receiver.received
    delivery = read(ledger, delivery_id)
    body = json.loads(request.body)
    assert body.keys() == {"id", "type", "time", "data"}
    assert body["id"] == request.headers["webhook-id"] == str(delivery.notice_id)
    assert body["type"] == "match.made"
    assert datetime.fromisoformat(body["time"]) <= now()
    assert body["data"] == match_made().data
    assert delivery.state == "delivered"
    assert delivery.delivered_at is not None
    assert answers(delivery) == ["200 đã nhận"]


def test_the_signature_is_what_standard_webhooks_says(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    (request,) = receiver.received
    key = base64.b64decode(secret_of(ledger).split("_", 1)[1], validate=True)
    signed = b".".join(
        [request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(), request.body]
    )
    version, _, signature = request.headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(signature) == hmac.new(key, signed, hashlib.sha256).digest()
    assert abs(int(request.headers["webhook-timestamp"]) - now().timestamp()) < 300


def test_the_recipe_in_the_documentation_takes_ours_and_refuses_a_forgery(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    (request,) = receiver.received
    secret = secret_of(ledger)
    recipe: dict[str, Any] = {}
    exec(NOTICES.read_text().split("```python")[1].split("```")[0], recipe)  # noqa: S102  # our own page
    is_genuine = recipe["is_genuine"]
    assert is_genuine(request.headers, request.body, secret)
    assert not is_genuine(request.headers, request.body.replace(b"25000", b"52000"), secret)
    assert not is_genuine(request.headers, request.body, f"whsec_{base64.b64encode(b'another').decode()}")
    later = dict(request.headers) | {"webhook-timestamp": "1597968000"}
    assert not is_genuine(later, request.body, secret)


@pytest.mark.parametrize(
    ("behaviour", "answer"),
    [
        ("failing", "500 kho dữ liệu đang bảo trì"),
        ("redirecting", "307"),
        ("garbage", "no answer: "),
        ("closing", "no answer: Server disconnected"),
        ("silent", "no answer within 0.5 s"),
        ("trickling", "no answer within 0.5 s"),
        ("endless", "no answer within 0.5 s"),
        ("cut_off", "no answer: peer closed connection"),
    ],
)
def test_any_other_answer_is_a_failed_attempt_that_says_what_happened(
    ledger: Ledger,
    hasty: Settings,
    transport: httpx.HTTPTransport,
    receiver: WebhookReceiver,
    behaviour: Behaviour,
    answer: str,
) -> None:
    receiver.behaviour = behaviour
    delivery_id = told(ledger, url=receiver.url)
    deliver(ledger, hasty, transport)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "due"
    (said,) = answers(delivery)
    assert said.startswith(answer)
    assert len(receiver.received) == 1


def test_a_huge_answer_is_read_and_kept_only_in_part(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    receiver.behaviour = "flooding"
    delivery_id = told(ledger, url=receiver.url)
    deliver(ledger, settings, transport)
    (said,) = answers(read(ledger, delivery_id))
    assert said.startswith("500 more more")
    assert len(said) <= 200


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "ftp://example.test/", "http://[broken/", "not a url", "http://xn--a.vn/"]
)
def test_an_address_where_nobody_is_fails_in_words(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, url: str
) -> None:
    delivery_id = told(ledger, url=url)
    deliver(ledger, settings, transport)
    (attempt,) = read(ledger, delivery_id).attempts
    assert not attempt.succeeded
    assert attempt.answer.startswith(("no answer: ", "not an address: "))


def test_a_secret_that_can_not_be_read_is_recorded_as_a_failed_attempt(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport, receiver: WebhookReceiver
) -> None:
    delivery_id = told(ledger, url=receiver.url)
    with ledger.transaction() as session:
        session.execute(update(Endpoint).values(secret="whsec_A"))
    deliver(ledger, settings, transport)
    assert answers(read(ledger, delivery_id))[0].startswith("could not be sent: Error: ")


class _KeepsConnections(BaseHTTPRequestHandler):
    """Answers once on each connection, and then never again, a byte of a header every now and then."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if getattr(self, "answered", False):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self.server.ended.wait(0.1):  # type: ignore[attr-defined]
                self.wfile.write(b"x")
        self.answered = True
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()


def test_a_connection_is_kept_for_the_next_webhook_and_its_time_is_limited_as_that_of_the_first(
    ledger: Ledger, hasty: Settings, transport: httpx.HTTPTransport
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _KeepsConnections) as server:
        server.ended = threading.Event()  # type: ignore[attr-defined]
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        first = told(ledger, url=f"http://127.0.0.1:{server.server_port}/first")
        deliver(ledger, hasty, transport)
        with ledger.transaction() as session:
            buyer = session.scalars(select(Party)).one()
            record(session, [match_made(buyer)])
        deliver(ledger, hasty, transport)
        transport.close()
        server.ended.set()  # type: ignore[attr-defined]
        server.shutdown()
        serving.join()
    with ledger.transaction() as session:
        second = session.scalars(select(Delivery.id).where(Delivery.id != first)).one()
    assert answers(read(ledger, first)) == ["200"]
    assert answers(read(ledger, second)) == ["no answer within 0.5 s"]
