"""The documents of a frame agreement or memorandum: a page, a PDF and a Word document, as contracts have.

Made when asked for, and the same bytes until somebody signs, leaves, calls or weighs.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from config.settings import Settings
from matcher.clock import day_of
from matcher.contracts.amount import kilograms_in_words
from matcher.contracts.called import drawn
from matcher.contracts.documents import set_in
from matcher.contracts.draft import DOCX
from matcher.contracts.evidence import sealed
from matcher.contracts.keys import sealing_key
from matcher.contracts.steps import digest
from matcher.contracts.terms import PARTY_SHOWN
from matcher.contracts.wording import Side, Wording, put_into_words
from matcher.fields import kilograms_text
from matcher.frames.terms import TEMPLATE
from matcher.store.tables import Frame


def frame_document(session: Session, frame: Frame, media_type: str, settings: Settings) -> bytes:
    """The agreement in this form as it stands now; all but the Word document, there to be edited, sealed."""
    content = set_in(_wording(session, frame, settings), media_type, None)
    if media_type == DOCX:
        return content
    return sealed(session, frame, content, media_type, sealing_key(settings.sealing_folder))


def _wording(session: Session, frame: Frame, settings: Settings) -> Wording:
    signed = {str(side.party_id): [side] if side.signed_at else [] for side in frame.sides}
    parties = frame.terms["parties"]
    sides: list[Side] = [(party["kind"], party["name"], signed[party["id"]]) for party in parties]
    name = frame.terms.get("template", TEMPLATE)
    given = _given(session, frame)
    return put_into_words(frame, name, frame.state, given, sides, f"{settings.links_begin}/verify")


def _given(session: Session, frame: Frame) -> dict[str, Any]:
    """What the wording may name. Agreements of before there were wordings lack some of it."""
    terms, goods = frame.terms, frame.terms["goods"]
    quantity = Decimal(goods["quantity_kg"])
    added = {str(side.party_id): side.particulars for side in frame.sides}
    plain = {f"{name}_names": dict.fromkeys(("vi", "en"), goods[name]) for name in ("grade", "variety")}
    return {"legal_bases": [], "rules": None} | terms | {
        "goods": {"origin": {}, "destination": {}} | plain | goods,
        "parties": [
            dict.fromkeys(PARTY_SHOWN) | party | (added.get(party["id"]) or {}) for party in terms["parties"]
        ],
        "made_on": day_of(frame.drafted_at),
        "quantity_in_words": {each: kilograms_in_words(quantity, each) for each in ("vi", "en")},
        "drawn": _drawn(session, frame),
        "terms_hash": digest(terms),
    }  # fmt: skip


def _drawn(session: Session, frame: Frame) -> dict[str, str] | None:
    """What stands of it; nothing where nothing can be called."""
    if frame.kind != "frame" or frame.state not in ("agreed", "ended"):
        return None
    so_far = drawn(session, frame)
    return {
        f"{name}_kg": kilograms_text(getattr(so_far, f"{name}_g"))
        for name in ("called", "remaining", "accepted")
    }
