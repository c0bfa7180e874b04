"""/v1/frames"""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from matcher.api.contracts import DOCUMENT, MEDIA_TYPES, Form, document, network_address
from matcher.api.once import OnceRoute, once
from matcher.api.requests import Before, Caller, Configured, Known, Limit, Page, Transaction, link_next
from matcher.contracts.evidence import evidence
from matcher.contracts.keys import sealing_key
from matcher.contracts.life import Acceptance, Reason
from matcher.contracts.view import ContractView, contract_view
from matcher.frames.call import CallPost, call
from matcher.frames.documents import frame_document
from matcher.frames.life import get_frame, leave, list_frames, post_frame, sign
from matcher.frames.terms import FramePost
from matcher.frames.view import FrameView, frame_view

router = APIRouter(prefix="/v1/frames", tags=["frames"], route_class=OnceRoute)


@router.post("", status_code=201, dependencies=[once])
def post(  # what FastAPI hands over
    session: Transaction,
    caller: Caller,
    known: Known,
    configured: Configured,
    body: FramePost,
    response: Response,
) -> FrameView:
    """Draft a frame agreement for a season, or a memorandum of several parties."""
    frame = post_frame(session, caller, body, known, configured)
    response.headers["Location"] = f"/v1/frames/{frame.id}"
    return frame_view(session, frame, caller)


@router.get("")
def read_all(
    request: Request,
    response: Response,
    session: Transaction,
    caller: Caller,
    cursor: Before = None,
    limit: Limit = 50,
) -> Page[FrameView]:
    """Agreements and memoranda you are a party to, newest first; an operator sees all."""
    frames = list_frames(session, caller, before=cursor, limit=limit)
    link_next(request, response, frames, limit)
    return Page(items=[frame_view(session, frame, caller) for frame in frames])


@router.get("/{frame_id}.{form}", responses=DOCUMENT, response_class=Response)
def read_document(
    session: Transaction, caller: Caller, configured: Configured, frame_id: UUID, form: Form
) -> Response:
    """The agreement in Vietnamese and English: a page, a PDF, or a Word document to edit."""
    frame = get_frame(session, frame_id, caller)
    return document(frame.number, form, frame_document(session, frame, MEDIA_TYPES[form], configured))


@router.get("/{frame_id}/evidence", response_class=Response)
def read_evidence(session: Transaction, caller: Caller, configured: Configured, frame_id: UUID) -> Response:
    """The agreement's terms and every step of its life, chained and sealed, as one JSON file."""
    frame = get_frame(session, frame_id, caller)
    content = evidence(session, frame, sealing_key(configured.sealing_folder))
    return Response(content, media_type="application/json")


@router.get("/{frame_id}")
def read(session: Transaction, caller: Caller, frame_id: UUID) -> FrameView:
    return frame_view(session, get_frame(session, frame_id, caller), caller)


@router.post("/{frame_id}/sign", dependencies=[once])
def take(
    request: Request, session: Transaction, caller: Caller, frame_id: UUID, body: Acceptance
) -> FrameView:
    """Sign for your side, on the hash of the terms you read. When all have, it is agreed."""
    return frame_view(session, sign(session, frame_id, caller, body, network_address(request)), caller)


@router.post("/{frame_id}/decline", dependencies=[once])
def refuse(session: Transaction, caller: Caller, frame_id: UUID, body: Reason) -> FrameView:
    """Decline a draft."""
    return frame_view(session, leave(session, frame_id, caller, "decline", body.reason), caller)


@router.post("/{frame_id}/end", dependencies=[once])
def finish(session: Transaction, caller: Caller, frame_id: UUID, body: Reason) -> FrameView:
    """End an agreed one: no more is called; contracts already drawn stand."""
    return frame_view(session, leave(session, frame_id, caller, "end", body.reason), caller)


@router.post("/{frame_id}/calls", status_code=201, dependencies=[once])
def draw(  # what FastAPI hands over
    session: Transaction,
    caller: Caller,
    known: Known,
    configured: Configured,
    frame_id: UUID,
    body: CallPost,
) -> ContractView:
    """Call a part of a frame agreement: a contract is drafted at its price. Its buyer only."""
    return contract_view(call(session, frame_id, caller, body, known, configured), caller)
