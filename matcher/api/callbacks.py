"""/v1/callbacks: what gateways and mail servers report of what they were given to deliver."""

import hmac
from uuid import UUID

from fastapi import APIRouter, Request

from matcher.api.requests import FILE_BODY, Caller, Configured, FileBody, Transaction
from matcher.errors import Unauthenticated
from matcher.notices import sms, zalo
from matcher.notices.bounce import bounce_in
from matcher.notices.reported import by_provider_id, came_back, has_arrived, in_mail
from matcher.parties import require

router = APIRouter(prefix="/v1/callbacks", tags=["notices"])


@router.get("/sms/{delivery_id}/{key}", status_code=204)
def sms_report(  # as eSMS names them
    session: Transaction,
    configured: Configured,
    delivery_id: UUID,
    key: str,
    SendStatus: str = "",  # noqa: N803
    SendSuccess: str = "",  # noqa: N803
    SendFailed: str = "",  # noqa: N803
) -> None:
    """For eSMS, at the address that it was given with the message: it has arrived, or could not."""
    expected = sms.report_key(configured.sms_secret or "", delivery_id)
    if not configured.sms_secret or not hmac.compare_digest(key.encode(), expected.encode()):
        raise Unauthenticated("This is not the address that was given for a report.")
    if SendStatus != sms.DONE:
        return
    if SendSuccess not in ("", "0"):
        has_arrived(session, delivery_id, "sms")
    elif SendFailed not in ("", "0"):
        # As of a telephone that was off for a day: the next may arrive.
        lost = "the gateway reports that it could not be delivered"
        came_back(session, delivery_id, lost, bounced=False)


@router.post("/zalo", status_code=200, openapi_extra=FILE_BODY)
def zalo_event(request: Request, session: Transaction, configured: Configured, body: FileBody) -> None:
    """For Zalo: events of the Official Account; of these the arrival of a message is noted."""
    signature = request.headers.get("x-zevent-signature", "")
    if not configured.zalo_secret or not zalo.is_genuine(body, signature, configured.zalo_secret):
        raise Unauthenticated("Sign events with the Official Account's secret key, in X-ZEvent-Signature.")
    arrived = zalo.arrival(body)
    if arrived is None:
        return
    tracking_id, message_id, at = arrived
    known = message_id and by_provider_id(session, "zalo", message_id)
    try:
        delivery_id = known or (UUID(tracking_id) if tracking_id else None)
    except ValueError:
        return
    if delivery_id is not None:
        has_arrived(session, delivery_id, "zalo", at)


@router.post("/mail", status_code=204, openapi_extra=FILE_BODY)
def mail_report(session: Transaction, caller: Caller, report: FileBody) -> None:
    """For the mail server: a report of a mail that came back (RFC 3464), as it came. Operators only."""
    require(caller, "operator")
    bounce = bounce_in(report)
    if bounce is None:
        return
    for delivery_id in in_mail(session, bounce.mail_id):
        came_back(session, delivery_id, bounce.answer, bounced=bounce.for_good, recipient=bounce.recipient)
