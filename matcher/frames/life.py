"""The life of a frame agreement or memorandum: drafted, signed by every party on one hash, ended.

draft → agreed, once all have signed; draft → declined by any of them; agreed → ended, by any of them.
Each step is chained as those of contracts are, `by` the id of the party that took it, and told to all.
"""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from config.settings import Settings
from matcher.clock import now, today
from matcher.contracts.draft import take_serials
from matcher.contracts.life import Acceptance, require_hash
from matcher.contracts.steps import add_step, first_step
from matcher.errors import Conflict, Forbidden, NotFound
from matcher.frames.terms import FramePost, frame_terms, particulars
from matcher.knowledge import Knowledge
from matcher.notices.events import FrameMoved
from matcher.notices.record import Happening, record
from matcher.store.tables import Frame, FrameSide, Party

Move = Literal["sign", "decline", "end", "call"]
FrameKind = Literal["frame.drafted", "frame.signed", "frame.agreed", "frame.declined", "frame.ended"]


def post_frame(
    session: Session, party: Party, post: FramePost, knowledge: Knowledge, settings: Settings
) -> Frame:
    """Drafts it, numbered without gaps. By one of its parties or an operator.

    Raises Forbidden, Invalid naming every fault.
    """
    if party.kind != "operator" and party.id not in post.parties:
        raise Forbidden("Only an operator drafts an agreement of others.")
    series = settings.frame_series if post.kind == "frame" else settings.memorandum_series
    year = today().year
    serial = take_serials(session, series, year, 1)
    number = f"{serial:04d}/{year}/{series}"
    terms = frame_terms(session, post, knowledge, number)
    frame = Frame(
        series=series, year=year, serial=serial, number=number, kind=post.kind, state="draft", terms=terms,
        drafted_at=now(),
    )  # fmt: skip
    frame.sides = [FrameSide(party_id=UUID(side["id"])) for side in terms["parties"]]
    session.add(frame)
    session.flush()
    session.add(first_step(frame, frame.drafted_at, str(party.id)))
    _tell(session, frame, "frame.drafted", party, 1)
    return frame


def get_frame(session: Session, frame_id: UUID, party: Party) -> Frame:
    """The agreement, for its parties and operators. Raises NotFound for others."""
    frame = session.get(Frame, frame_id)
    if frame is None or (party.kind != "operator" and _own(frame, party) is None):
        raise NotFound(f"No agreement {frame_id}.")
    return frame


def list_frames(
    session: Session, party: Party, *, before: UUID | None = None, limit: int = 50
) -> Sequence[Frame]:
    """Newest first, at most `limit`, those older than the agreement `before`."""
    query = select(Frame).options(selectinload(Frame.sides)).order_by(Frame.id.desc()).limit(limit)
    if party.kind != "operator":
        query = query.where(Frame.sides.any(FrameSide.party_id == party.id))
    if before is not None:
        query = query.where(Frame.id < before)
    return session.scalars(query).all()


def moves(frame: Frame, party: Party) -> list[Move]:
    """What `party` may do with it now."""
    side = _own(frame, party)
    if side is None:
        return []
    if frame.state == "draft":
        return ["decline"] if side.signed_at else ["sign", "decline"]
    if frame.state != "agreed":
        return []
    in_season = today().isoformat() <= frame.terms["goods"]["until_day"]
    return ["call", "end"] if frame.kind == "frame" and party.kind == "buyer" and in_season else ["end"]


def sign(session: Session, frame_id: UUID, party: Party, said: Acceptance, address: str) -> Frame:
    """Signs for one's own side; the last signature makes it agreed. Raises NotFound, Conflict, Invalid."""
    frame = locked(session, frame_id, party, "sign")
    require_hash(said, frame.terms)
    side = _own(frame, party)
    assert side is not None  # noqa: S101  # else this move was not allowed
    side.signed_at, side.address, side.terms_hash = now(), address, said.terms_hash
    side.signer, side.role, side.authority = said.signer, said.role, said.authority
    side.particulars = particulars(party)
    if all(each.signed_at for each in frame.sides):
        frame.state = "agreed"
    session.flush()
    facts = said.model_dump() | {"method": "api", "address": address, "particulars": side.particulars}
    _moved(session, frame, "frame.agreed" if frame.state == "agreed" else "frame.signed", party, **facts)
    return frame


def leave(session: Session, frame_id: UUID, party: Party, move: Literal["decline", "end"], why: str) -> Frame:
    """Declines a draft, or ends an agreed one: no more is called; contracts already drawn stand.

    Raises NotFound, Conflict.
    """
    frame = locked(session, frame_id, party, move)
    frame.state = "declined" if move == "decline" else "ended"
    frame.reason, frame.left_by, frame.left_at = why, party.id, now()
    session.flush()
    _moved(session, frame, "frame.declined" if move == "decline" else "frame.ended", party, reason=why)
    return frame


def locked(session: Session, frame_id: UUID, party: Party, move: Move) -> Frame:
    """The agreement, locked. Raises NotFound, and Conflict unless `party` may make the move now."""
    get_frame(session, frame_id, party)
    frame = session.get_one(Frame, frame_id, with_for_update=True, populate_existing=True)
    allowed = moves(frame, party)
    if move not in allowed:
        raise Conflict(f"This agreement is {frame.state}; you may now: {', '.join(allowed) or 'nothing'}.")
    return frame


def _moved(session: Session, frame: Frame, kind: FrameKind, party: Party, **data: Any) -> None:
    """Adds the step to the agreement's record, and tells every party to it."""
    step = add_step(
        session, frame, kind.removeprefix("frame."), now(), str(party.id), name=party.name, **data
    )
    _tell(session, frame, kind, party, step.position, data.get("reason"))


def _tell(
    session: Session, frame: Frame, kind: FrameKind, party: Party, count: int, reason: str | None = None
) -> None:
    """`count` sets the events of one kind apart."""
    goods = frame.terms["goods"]
    data: FrameMoved = {
        "frame_id": str(frame.id),
        "frame_number": frame.number,
        "frame_kind": "frame" if frame.kind == "frame" else "memorandum",
        "crop": {"key": goods["crop"]["key"], "vi": goods["crop"]["vi"], "en": goods["crop"]["en"]},
        "quantity_kg": goods["quantity_kg"],
        "by_name": party.name,
        "reason": reason,
    }
    record(session, [Happening(kind, frame.id, count, data, [side.party_id for side in frame.sides])])


def _own(frame: Frame, party: Party) -> FrameSide | None:
    return next((side for side in frame.sides if side.party_id == party.id), None)
