"""A frame agreement or memorandum as a bilingual page, sealed, for its parties to keep and to print."""

from decimal import Decimal

from sqlalchemy.orm import Session

from matcher.contracts.amount import kilograms_in_words
from matcher.contracts.keys import SealingKey, note_key
from matcher.contracts.page import templates
from matcher.contracts.seal import HTML, seal
from matcher.contracts.steps import digest
from matcher.frames.call import drawn
from matcher.store.tables import Frame


def frame_page(session: Session, frame: Frame, key: SealingKey) -> bytes:
    """The page as it stands now; the same bytes until somebody signs, leaves or calls."""
    note_key(session, key)
    quantity = Decimal(frame.terms["goods"]["quantity_kg"])
    content = templates.get_template("frame.html").render(
        frame=frame,
        terms=frame.terms,
        signed={str(side.party_id): side for side in frame.sides},
        drawn=drawn(session, frame),
        words=[kilograms_in_words(quantity, "vi"), kilograms_in_words(quantity, "en")],
        terms_hash=digest(frame.terms),
    )
    facts = {
        "contract": str(frame.id),
        "number": frame.number,
        "version": 1,
        "state": frame.state,
        "terms_hash": digest(frame.terms),
    }
    return seal(content.encode(), HTML, facts, key)
