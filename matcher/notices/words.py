"""What a notice says, in Vietnamese and in English: a subject line and a plain text."""

from typing import Any

from matcher.notices.address_words import OF_ADDRESSES
from matcher.notices.contract_words import OF_CONTRACTS
from matcher.notices.frame_words import OF_FRAMES
from matcher.notices.letter import Words
from matcher.notices.order_words import OF_ORDERS

MOST_LETTERS = 400  # of a short message

_WORDS = OF_ORDERS | OF_CONTRACTS | OF_FRAMES | OF_ADDRESSES


def words(kind: str, data: dict[str, Any], language: str, links_begin: str) -> Words:
    """The words for an event in `language` ("vi" or "en"); links begin with `links_begin`."""
    return _WORDS[kind, language](data, links_begin)


def short(kind: str, data: dict[str, Any], language: str, links_begin: str) -> str:
    """The same for an SMS: the subject, cut short if need be, and the whole address; 400 letters at most."""
    said = words(kind, data, language, links_begin)
    room = max(MOST_LETTERS - len(said.link) - 1, 0)
    subject = said.subject if len(said.subject) <= room else f"{said.subject[: room - 1].rstrip()}…"
    return f"{subject} {said.link}".rstrip()
