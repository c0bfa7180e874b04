"""Seals: a signed statement about a document's every byte, carried in the document itself.

The seal is a JWS (RFC 7515, EdDSA) whose payload names the contract, its version and state, and the SHA-256
of the document without its seal. It stands where readers of the format pass it over: in a PDF a comment
before `startxref`, in HTML a meta element, in JSON the last member.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from jwt.api_jws import PyJWS

from matcher.contracts.keys import SealingKey
from matcher.contracts.steps import canonical

PDF, HTML, JSON = "application/pdf", "text/html", "application/json"
_JWS = rb"([A-Za-z0-9_.-]+)"


@dataclass(frozen=True)
class _Form:
    """Where a format has its seal: before the last `anchor`, between `opening` and `closing`."""

    begins: re.Pattern[bytes]
    anchor: bytes
    opening: bytes
    closing: bytes

    def insert(self, content: bytes, jws: bytes) -> bytes:
        at = content.rindex(self.anchor)
        return content[:at] + self.opening + jws + self.closing + content[at:]

    def separate(self, content: bytes) -> tuple[bytes, bytes] | None:
        """The content without its seal, and the seal; None where it has none."""
        start = content.rfind(self.opening)
        found = re.compile(_JWS + re.escape(self.closing + self.anchor)).match(
            content, start + len(self.opening)
        )
        if start < 0 or found is None:
            return None
        return content[:start] + content[found.end() - len(self.anchor) :], found[1]


FORMS = {
    PDF: _Form(re.compile(rb"%PDF-"), b"startxref", b"%matcher-seal ", b"\n"),
    HTML: _Form(re.compile(rb"<!doctype html>"), b"</head>", b'<meta name="matcher-seal" content="', b'">\n'),
    JSON: _Form(re.compile(rb"\{"), b"}", b',"seal":"', b'"'),
}


def seal(content: bytes, media_type: str, facts: dict[str, Any], key: SealingKey) -> bytes:
    """The content with a seal over it; the same content, facts and key give the same bytes."""
    stated = facts | {"media_type": media_type, "sha256": hashlib.sha256(content).hexdigest()}
    header = {"kid": key.id, "typ": "matcher-seal"}
    jws = PyJWS().encode(canonical(stated), key.private, algorithm="EdDSA", headers=header)
    return FORMS[media_type].insert(content, jws.encode())


def separate(document: bytes) -> tuple[str, bytes, bytes] | None:
    """A document's media type, its content without the seal, and the seal; None where it carries none."""
    for media_type, form in FORMS.items():
        if form.begins.match(document):
            parts = form.separate(document)
            return (media_type, *parts) if parts else None
    return None
