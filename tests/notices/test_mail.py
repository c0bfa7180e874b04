import socket
import ssl
from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from aiosmtpd.smtp import AuthResult
from sqlalchemy import select

from config.settings import Settings
from demo.receivers import MailReceiver
from matcher.clock import now
from matcher.notices.contacts import ContactChange, change_contact, list_contacts, stop
from matcher.notices.dead import requeue
from matcher.notices.deliver import deliver
from matcher.notices.record import record
from matcher.notices.words import words
from matcher.parties import remove_contact
from matcher.store.session import Ledger
from matcher.store.tables import Contact, Delivery
from tests.market import party
from tests.notices.certificate import own_certificate
from tests.notices.dying import Killed, dying_before_it_records
from tests.notices.letters import CONTRACT, answers, let_come_due, match_made, read, told


class SecureMailReceiver(MailReceiver):
    """Speaks TLS, from the first byte or by STARTTLS, and takes mail of those who log in."""

    def __init__(self, certificate: Path, *, starttls: bool) -> None:
        super().__init__()
        self.logged_in = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # It does not count TLS from the first byte as TLS, and so would ask nobody to log in.
        secured = {"tls_context": context, "auth_required": True, "authenticator": self._log_in}
        self.options = secured if starttls else {"ssl_context": context}

    def _log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> AuthResult:
        genuine = (said.login, said.password) == (b"cho", b"secret")
        self.logged_in += genuine
        return AuthResult(success=genuine)


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
    assert plain.get_content().startswith(said.text)
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


def test_a_recipient_refused_for_now_is_tried_again_and_the_message_keeps_its_id(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, email="nobody@hanoi.example")
    with MailReceiver(refusing="450 4.2.0 come again later") as server:
        with_mail = settings.model_copy(update={"smtp_url": server.url})
        deliver(ledger, with_mail, transport)
        server.refusing = ""
        let_come_due(ledger, delivery_id)
        deliver(ledger, with_mail, transport)
        (mail,) = server.received
    assert mail["Message-ID"] == f"<{delivery_id}@localhost>"
    assert answers(read(ledger, delivery_id)) == ["450 4.2.0 come again later", "taken over by 127.0.0.1"]


def test_a_recipient_refused_for_good_is_dead_at_once_and_its_contact_has_bounced(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, email="nobody@hanoi.example")
    with MailReceiver(refusing="550 5.1.1 no such mailbox") as server:
        deliver(ledger, settings.model_copy(update={"smtp_url": server.url}), transport)
    delivery = read(ledger, delivery_id)
    assert (delivery.state, answers(delivery)) == ("dead", ["550 5.1.1 no such mailbox"])
    with ledger.transaction() as session:
        (contact,) = session.scalars(select(Contact))
        assert contact.bounce == "550 5.1.1 no such mailbox"
        assert contact.bounced_at is not None


def test_a_dead_mail_goes_to_the_corrected_address_when_it_is_requeued(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    delivery_id = told(ledger, email="nobody@hanoi.example")
    with MailReceiver(refusing="550 5.1.1 no such mailbox") as server:
        with_mail = settings.model_copy(update={"smtp_url": server.url})
        deliver(ledger, with_mail, transport)
        server.refusing = ""
        with ledger.transaction() as session:
            (contact,) = session.scalars(select(Contact))
            change_contact(session, contact, ContactChange(address="mua@hanoi.example"))
            assert contact.bounce is None
            requeue(session, delivery_id)
        deliver(ledger, with_mail, transport)
        (mail,) = server.received
    assert mail["To"].addresses[0].addr_spec == "mua@hanoi.example"
    delivery = read(ledger, delivery_id)
    assert (delivery.state, delivery.address) == ("delivered", "mua@hanoi.example")


@pytest.mark.parametrize(
    ("language", "goodbye"), [("vi", "Không nhận những thư này nữa"), ("en", "No more of these mails")]
)
def test_a_mail_leads_to_the_document_and_can_be_stopped_with_one_click(
    ledger: Ledger,
    settings: Settings,
    transport: httpx.HTTPTransport,
    language: Literal["vi", "en"],
    goodbye: str,
) -> None:
    told(ledger, email="mua@hanoi.example")
    with ledger.transaction() as session:
        (contact,) = session.scalars(select(Contact))
        contact.language, contact.name = language, "Kế toán"
    with MailReceiver() as server:
        public = {"smtp_url": server.url, "public_url": "https://cho.example"}
        deliver(ledger, settings.model_copy(update=public), transport)
        (mail,) = server.received
    stop = f"https://cho.example/stop/{contact.token}"
    assert mail["List-Unsubscribe"] == f"<{stop}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Content-Language"] == language
    assert mail["To"].addresses[0].display_name == "Kế toán"
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert "PDF: https://cho.example/c/q3lZ0cV2mYk1Xb9T8uHnRw.pdf\n" in plain.get_content()
    assert plain.get_content().endswith(f"{goodbye}: {stop}\n")


def test_a_mail_of_a_worker_that_died_before_recording_it_is_sent_again_with_its_id(
    ledger: Ledger,
    settings: Settings,
    transport: httpx.HTTPTransport,
    server: MailReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delivery_id = told(ledger, email="mua@hanoi.example")
    with_mail = settings.model_copy(update={"smtp_url": server.url})
    with dying_before_it_records(monkeypatch), pytest.raises(Killed):
        deliver(ledger, with_mail, transport)
    assert answers(read(ledger, delivery_id)) == []
    let_come_due(ledger, delivery_id)
    deliver(ledger, with_mail, transport)
    assert [str(mail["Message-ID"]) for mail in server.received] == [f"<{delivery_id}@localhost>"] * 2
    assert read(ledger, delivery_id).state == "delivered"


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_mail_leaves_over_tls_only_to_a_server_whose_certificate_somebody_vouches_for(
    ledger: Ledger,
    settings: Settings,
    transport: httpx.HTTPTransport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    trusted: bool,
) -> None:
    certificate = own_certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    delivery_id = told(ledger, email="mua@hanoi.example")
    with SecureMailReceiver(certificate, starttls=scheme == "smtp") as server:
        who = "cho:secret@" if scheme == "smtp" else ""
        url = server.url.replace("smtp://127.0.0.1", f"{scheme}://{who}localhost")
        deliver(ledger, settings.model_copy(update={"smtp_url": url}), transport)
        assert len(server.received) == trusted
        assert server.logged_in == (trusted and scheme == "smtp")
    (said,) = answers(read(ledger, delivery_id))
    assert said == "taken over by localhost" if trusted else "certificate verify failed" in said


def test_what_is_due_to_a_contact_that_stopped_or_was_removed_is_withdrawn_and_not_sent(
    ledger: Ledger, settings: Settings, transport: httpx.HTTPTransport
) -> None:
    stopped = told(ledger, email="mua@hanoi.example")
    with ledger.transaction() as session:
        (contact,) = session.scalars(select(Contact))
        stop(session, contact)
    with ledger.transaction() as session:
        gone = party(session, "buyer", email="khac@hanoi.example")
        record(session, [match_made(gone)])
        remove_contact(session, list_contacts(session, gone.id)[0])
        (removed,) = session.scalars(select(Delivery.id).where(Delivery.id != stopped))
    with MailReceiver() as server:
        deliver(ledger, settings.model_copy(update={"smtp_url": server.url}), transport)
        assert server.received == []
    for delivery_id in (stopped, removed):
        assert read(ledger, delivery_id).state == "withdrawn"


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
