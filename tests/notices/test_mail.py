import socket
from datetime import timedelta
from email.headerregistry import Address

import httpx
import pytest

from config.settings import Settings
from demo.receivers import MailReceiver
from matcher.clock import now
from matcher.notices.deliver import deliver
from matcher.notices.words import words
from matcher.store.session import Ledger
from tests.notices.letters import CONTRACT, answers, let_come_due, match_made, read, told


def test_a_mail_arrives_with_its_vietnamese_intact(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, email="mua@hanoi.example")
    with MailReceiver() as server:
        with_mail = settings.model_copy(
            update={"smtp_url": server.url, "mail_from": "Chợ <cho@langson.example>"}
        )
        deliver(ledger, with_mail, transport)
        (mail,) = server.received
    said = words("match.made", dict(match_made().data), "vi", settings.links_begin)
    assert mail["Subject"] == said.subject
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content() == said.text
    assert "Hợp tác xã Chi Lăng" in html.get_content()
    assert '<a href="http' in html.get_content()
    assert mail["References"] == mail["In-Reply-To"] == f"<contract.{CONTRACT}@langson.example>"
    assert mail["From"].addresses == (Address("Chợ", "cho", "langson.example"),)
    assert mail["To"].addresses == (Address("Chợ đầu mối Hà Nội", "mua", "hanoi.example"),)
    assert mail["Message-ID"] == f"<{delivery_id}@langson.example>"
    assert abs(mail["Date"].datetime - now()) < timedelta(minutes=5)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "delivered"
    assert answers(delivery) == ["taken over by 127.0.0.1"]


def test_without_a_mail_server_the_attempt_fails_and_says_so_and_is_due_again(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, email="mua@hanoi.example")
    deliver(ledger, settings, transport)
    delivery = read(ledger, delivery_id)
    assert delivery.state == "due"
    assert answers(delivery) == ["no mail server is configured (MATCHER_SMTP_URL)"]


def test_a_refused_recipient_is_tried_again_and_the_message_keeps_its_id(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, email="nobody@hanoi.example")
    with MailReceiver(refusing=True) as server:
        with_mail = settings.model_copy(update={"smtp_url": server.url})
        deliver(ledger, with_mail, transport)
        server.refusing = False
        let_come_due(ledger, delivery_id)
        deliver(ledger, with_mail, transport)
        (mail,) = server.received
    assert mail["Message-ID"] == f"<{delivery_id}@localhost>"
    assert answers(read(ledger, delivery_id)) == ["550 5.1.1 no such mailbox", "taken over by 127.0.0.1"]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_server_that_says_nothing_is_cut_off(
    ledger: Ledger, hasty: Settings, transport: httpx.HTTPTransport, scheme: str
) -> None:
    delivery_id = told(ledger, email="mua@hanoi.example")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        with_mail = hasty.model_copy(update={"smtp_url": url})
        deliver(ledger, with_mail, transport)
    assert answers(read(ledger, delivery_id)) == ["no answer within 0.5 s"]


def test_a_password_is_never_sent_in_the_clear(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, email="mua@hanoi.example")
    with MailReceiver() as server:
        url = server.url.replace("smtp://", "smtp://cho:m%E1%BA%ADt@")
        deliver(ledger, settings.model_copy(update={"smtp_url": url}), transport)
        assert not server.received
    (said,) = answers(read(ledger, delivery_id))
    assert "STARTTLS" in said
