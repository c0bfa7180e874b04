"""A notice as an e-mail, or a day's notices in one, in plain text and as HTML, over SMTP."""

import contextlib
import re
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from html import escape
from urllib.parse import SplitResult, unquote, urlsplit

from config.settings import Settings
from matcher.clock import VIETNAM, now
from matcher.notices.cut_off import CutOff
from matcher.notices.digest import digest
from matcher.notices.header_lines import HeaderLines
from matcher.notices.letter import Letter, Outcome, Words, outcome
from matcher.notices.words import words


def send(letter: Letter, settings: Settings) -> Outcome:
    """Hands the letter to the mail server once; a success means that the server has taken it over."""
    if settings.smtp_url is None:
        return Outcome(False, "no mail server is configured (MATCHER_SMTP_URL)")
    server = urlsplit(settings.smtp_url)
    message = _message(letter, settings)
    with CutOff(settings.delivery_timeout_seconds) as cut_off:
        try:
            _hand_over(message, server, settings.delivery_timeout_seconds, cut_off)
        except smtplib.SMTPRecipientsRefused as error:
            ((code, reason),) = error.recipients.values()
            # From 500 on it is for good; below, as of who is asked to come again later, it is not.
            for_good = code >= 500
            return outcome(False, f"{code} {_text(reason)}", final=for_good, bounced=for_good)
        except smtplib.SMTPResponseException as error:
            return outcome(False, f"{error.smtp_code} {_text(error.smtp_error)}")
        except OSError as error:  # every other SMTPException is one too
            # smtplib says of a socket's own timeout, should that be first, that the server hung up.
            silent = any(isinstance(each, TimeoutError) for each in (error, error.__context__))
            if cut_off.passed or silent:
                return outcome(False, f"no answer within {settings.delivery_timeout_seconds:g} s")
            return outcome(False, f"no answer: {error}")
    return outcome(True, f"taken over by {server.hostname}")


def _hand_over(message: EmailMessage, server: SplitResult, timeout: float, cut_off: CutOff) -> None:
    client = _connect(server, timeout)
    try:
        _watch(client, cut_off)
        if server.username is not None:
            if server.scheme == "smtp":
                # A password never travels in the clear: a server that offers no STARTTLS is an error here.
                client.starttls(context=ssl.create_default_context())
                _watch(client, cut_off)
            client.login(unquote(server.username), unquote(server.password or ""))
        client.send_message(message)
    finally:
        # Once the message is taken over, a goodbye that fails must not have it sent again.
        with contextlib.suppress(OSError):
            client.quit()
        client.close()


def _connect(server: SplitResult, timeout: float) -> smtplib.SMTP:
    host, port = server.hostname or "", server.port or 0
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=timeout, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=timeout)


def _watch(client: smtplib.SMTP, cut_off: CutOff) -> None:
    if client.sock is not None:
        cut_off.watch(client.sock)


def _message(letter: Letter, settings: Settings) -> EmailMessage:
    said = _words(letter, settings)
    domain = parseaddr(settings.mail_from)[1].partition("@")[2] or "localhost"
    message = EmailMessage(HeaderLines())
    message["From"] = settings.mail_from
    message["To"] = Address(letter.party_name, addr_spec=letter.address)
    message["Subject"] = said.subject
    message["Date"] = now().astimezone(VIETNAM)
    # The same at every attempt, so that a mail sent twice can be told.
    message["Message-ID"] = f"<{letter.mail_id or letter.delivery_id}@{domain}>"
    if "contract_id" in letter.data and not letter.digest:
        # All mails about a contract hang on one that nobody has sent, and so stand together.
        message["References"] = message["In-Reply-To"] = f"<contract.{letter.data['contract_id']}@{domain}>"
    message["List-Unsubscribe"] = f"<{_stop(letter, settings)}>"
    # RFC 8058: whoever reads mail may stop them with one click, without opening the page.
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(said.text, cte="quoted-printable")
    message.add_alternative(_html(said, letter.language), subtype="html", cte="quoted-printable")
    message["Content-Language"] = letter.language  # before, it would go to the first of the parts
    return message


def _words(letter: Letter, settings: Settings) -> Words:
    links_begin = settings.links_begin
    if letter.digest:
        said = digest(letter.all, letter.language, links_begin)
    else:
        said = words(letter.kind, letter.data, letter.language, links_begin)
    page = letter.data.get("contract_page")
    document = f"PDF: {links_begin}{page}.pdf\n" if page and not letter.digest else ""
    goodbye = {"vi": "Không nhận những thư này nữa", "en": "No more of these mails"}[letter.language]
    return Words(said.subject, f"{said.text}{document}\n{goodbye}: {_stop(letter, settings)}\n")


def _stop(letter: Letter, settings: Settings) -> str:
    return f"{settings.links_begin}/stop/{letter.token}"


def _html(said: Words, language: str) -> str:
    """The same words, their address a link; no picture and nothing that is fetched."""
    paragraphs = "".join(f"<p>{part}</p>\n" for part in escape(said.text.strip()).split("\n\n"))
    linked = re.sub(r"https?://[^\s<]+", r'<a href="\g<0>">\g<0></a>', paragraphs).replace("\n", "<br>\n")
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(said.subject)}</title></head>\n"
        f'<body style="font: 16px/1.5 sans-serif; max-width: 40em">\n{linked}</body></html>\n'
    )


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
