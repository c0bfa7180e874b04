"""Whether a document is genuine: sealed by one of our keys, and since then not changed in a single byte."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from jwt import InvalidTokenError
from jwt.api_jwk import PyJWK
from jwt.api_jws import PyJWS
from jwt.utils import base64url_decode, base64url_encode

from matcher.contracts.keys import Jwk
from matcher.contracts.seal import JSON, separate
from matcher.contracts.steps import canonical, digest

Finding = Literal["genuine", "no_seal", "unknown_key", "false_seal", "altered", "broken_chain"]

WORDS: dict[Finding, dict[str, str]] = {
    "genuine": {
        "vi": "Văn bản là thật và chưa bị sửa đổi.",
        "en": "The document is genuine and unchanged.",
    },
    "no_seal": {
        "vi": "Văn bản không mang dấu niêm phong của hệ thống này.",
        "en": "The document carries no seal of this service.",
    },
    "unknown_key": {
        "vi": "Dấu niêm phong không phải do khóa nào của hệ thống này tạo ra.",
        "en": "The seal was made by no key of this service.",
    },
    "false_seal": {
        "vi": "Dấu niêm phong đã bị sửa hoặc là giả.",
        "en": "The seal was altered, or is false.",
    },
    "altered": {
        "vi": "Văn bản đã bị sửa đổi sau khi niêm phong.",
        "en": "The document was altered after it was sealed.",
    },
    "broken_chain": {
        "vi": "Các bước của hợp đồng trong văn bản không khớp với nhau.",
        "en": "The steps of the contract in the document do not follow from one another.",
    },
}

# Said with a genuine document where no ledger is asked.
SINCE_UNKNOWN = {
    "vi": "Ở đây không biết hợp đồng ra sao từ khi văn bản được lập; hãy hỏi tại /verify.",
    "en": "What came of the contract since the document was made is not known here; ask at /verify.",
}


@dataclass(frozen=True)
class Verdict:
    """`facts` is what the seal states of the contract, empty unless the seal itself is ours."""

    finding: Finding
    facts: dict[str, Any]

    @property
    def genuine(self) -> bool:
        return self.finding == "genuine"


def verify(document: bytes, keys: Iterable[Jwk]) -> Verdict:
    """What is to be said of a document, by the public keys alone; no database is asked."""
    parts = separate(document)
    if parts is None:
        return Verdict("no_seal", {})
    media_type, content, jws = parts
    finding, facts = _opened(jws, {key["kid"]: key for key in keys})
    if finding != "genuine":
        return Verdict(finding, {})
    if facts.get("sha256") != hashlib.sha256(content).hexdigest() or facts.get("media_type") != media_type:
        return Verdict("altered", facts)
    if media_type == JSON and not _follows(content):
        return Verdict("broken_chain", facts)
    return Verdict("genuine", facts)


def _opened(jws: bytes, keys: dict[str, Jwk]) -> tuple[Finding, dict[str, Any]]:
    """What a seal states, if one of the keys made it."""
    try:
        header = PyJWS().get_unverified_header(jws)
        key = keys.get(str(header.get("kid")))
        if key is None:
            return "unknown_key", {}
        payload = PyJWS().decode(jws, PyJWK(key), algorithms=["EdDSA"])
        # Base64 has several spellings of the same bytes, of which we write one.
        signature = jws.rpartition(b".")[2]
        if base64url_encode(base64url_decode(signature)) != signature:
            return "false_seal", {}
        facts: dict[str, Any] = json.loads(payload)
    except (InvalidTokenError, ValueError):
        return "false_seal", {}
    return "genuine", facts


def _follows(evidence: bytes) -> bool:
    """Whether every step's hash is that of its statement, and each statement names the hash before it."""
    stated = json.loads(evidence)
    previous = None
    for position, step in enumerate(stated["steps"], 1):
        statement = step["statement"]
        expected = (position, previous, stated["contract"])
        if (statement["position"], statement["previous"], statement["contract"]) != expected:
            return False
        if step["hash"] != digest(statement):
            return False
        previous = step["hash"]
    return canonical(stated) == evidence
