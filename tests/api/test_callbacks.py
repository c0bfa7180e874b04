"""What a mail server reports of mails that came back."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from matcher.notices.bounce import Bounce, bounce_in
from matcher.store.tables import Attempt, Contact, Delivery
from tests.api.conftest import Api
from tests.notices.letters import told

# In the form of the example in RFC 3464, appendix E.1.
REPORT = """\
From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>
To: <cho@langson.example>
Subject: Returned mail: Cannot send message for 5 days
Content-Type: multipart/report; report-type=delivery-status; boundary="bound"

--bound

   ----- The following addresses had delivery problems -----
<mua@hanoi.example>  (unrecoverable error)

--bound
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.hanoi.example

Original-Recipient: rfc822;mua@hanoi.example
Final-Recipient: rfc822;mua@hanoi.example
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such mailbox

--bound
Content-Type: {returned}

From: <cho@langson.example>
Message-ID: <{mail_id}@langson.example>
Subject: =?utf-8?q?H=E1=BB=A3p?=

Xin chào
--bound--
"""


def report(mail_id: object, action: str = "failed", returned: str = "message/rfc822") -> bytes:
    return REPORT.format(mail_id=mail_id, action=action, returned=returned).encode()


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_is_read_whether_the_mail_or_its_headers_came_back(returned: str) -> None:
    mail_id = uuid4()
    whole = Bounce(mail_id, "550 5.1.1 no such mailbox", "mua@hanoi.example")
    assert bounce_in(report(mail_id, returned=returned)) == whole
    assert bounce_in(report(mail_id, "delayed", returned)) is None
    assert bounce_in(report("weekly-news", returned=returned)) is None


@given(st.binary(max_size=300), st.integers(0, 1000))
def test_whatever_comes_in_place_of_a_report_is_read_without_an_error(junk: bytes, place: int) -> None:
    bounce_in(junk)
    whole = report(UUID(int=1))
    bounce_in(whole[:place] + junk + whole[place:])


def test_a_report_of_parts_within_parts_without_end_is_ignored() -> None:
    assert bounce_in(b"Content-Type: message/rfc822\n\n" * 5000) is None


def test_a_mail_that_came_back_is_dead_with_what_was_answered_and_its_contact_has_bounced(api: Api) -> None:
    operator, buyer = api.as_new("operator"), api.as_new("buyer")
    delivery_id = told(api.ledger, email="mua@hanoi.example")
    with api.ledger.transaction() as session:
        session.execute(update(Delivery).values(state="delivered"))
    assert api.post("/v1/callbacks/mail", content=report(delivery_id), headers=buyer).status_code == 403
    assert api.post("/v1/callbacks/mail", content=report(delivery_id)).status_code == 401
    for content in (report(delivery_id), report(delivery_id), report(uuid4()), b"\xff\x00 no report"):
        assert api.post("/v1/callbacks/mail", content=content, headers=operator).status_code == 204
    with api.ledger.transaction() as session:
        assert session.get_one(Delivery, delivery_id).state == "dead"
        assert session.scalars(select(Attempt.answer)).all() == ["550 5.1.1 no such mailbox"]
        assert session.scalars(select(Contact.bounce)).one() == "550 5.1.1 no such mailbox"


@pytest.mark.parametrize(
    ("said", "otherwise"),
    [
        ("Status: 5.1.1", "Status: 4.4.7"),
        ("Status: 5.1.1", "Status: 5.2.2"),
        ("rfc822;mua@hanoi.example", "rfc822;forwarded@elsewhere.example"),
        ("Final-Recipient: rfc822;mua@hanoi.example", "Final-Recipient: rfc822;forwarded@elsewhere.example"),
    ],
)
def test_an_address_does_not_rest_for_what_may_pass_or_is_of_another(
    api: Api, said: str, otherwise: str
) -> None:
    operator = api.as_new("operator")
    delivery_id = told(api.ledger, email="mua@hanoi.example")
    content = report(delivery_id).decode().replace(said, otherwise).encode()
    assert api.post("/v1/callbacks/mail", content=content, headers=operator).status_code == 204
    with api.ledger.transaction() as session:
        assert session.get_one(Delivery, delivery_id).state == "dead"
        assert session.scalars(select(Contact.bounced_at)).one() is None


def test_a_report_that_names_only_the_first_recipient_is_of_that_one() -> None:
    content = report(UUID(int=1)).replace(b"Final-Recipient: rfc822;mua@hanoi.example\n", b"")
    bounce = bounce_in(content)
    assert bounce is not None
    assert bounce.recipient == "mua@hanoi.example"


def test_an_address_rests_also_when_whoever_a_mail_was_forwarded_to_was_reported_first(api: Api) -> None:
    operator = api.as_new("operator")
    delivery_id = told(api.ledger, email="mua@hanoi.example")
    own = report(delivery_id)
    forwarded = own.replace(b"rfc822;mua@hanoi.example", b"rfc822;forwarded@elsewhere.example")
    assert forwarded != own

    def bounced_at(content: bytes) -> object:
        assert api.post("/v1/callbacks/mail", content=content, headers=operator).status_code == 204
        with api.ledger.transaction() as session:
            return session.scalars(select(Contact.bounced_at)).one()

    assert bounced_at(forwarded) is None
    assert bounced_at(own) is not None
    with api.ledger.transaction() as session:
        session.execute(update(Contact).values(bounced_at=None, bounce=None))
    assert bounced_at(own) is None, "its party has confirmed the address since this was reported"


def test_what_a_server_says_in_plain_utf_8_is_kept_as_it_is() -> None:
    said = report(uuid4()).replace(b"no such mailbox", "không có hộp thư này".encode())
    bounce = bounce_in(said)
    assert bounce is not None
    assert bounce.answer == "550 5.1.1 không có hộp thư này"


def test_of_a_digest_that_came_back_every_notice_is_dead(api: Api) -> None:
    operator = api.as_new("operator")
    delivery_id, mail_id = told(api.ledger, email="mua@hanoi.example"), uuid4()
    with api.ledger.transaction() as session:
        session.execute(update(Delivery).values(state="delivered", digest=True, mail_id=mail_id))
    api.post("/v1/callbacks/mail", content=report(mail_id), headers=operator)
    with api.ledger.transaction() as session:
        assert session.get_one(Delivery, delivery_id).state == "dead"
