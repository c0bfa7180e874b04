"""Secrets and keys that sign webhooks, as Standard Webhooks has them: made, changed, and put to use."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.errors import Conflict
from matcher.store.tables import Endpoint

OVERLAP = timedelta(hours=24)  # in which a former secret signs beside the new one


def new_secret() -> str:
    """A secret for the signatures v1, `whsec_` and base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def new_signing_key() -> str:
    """A key for the signatures v1a (Ed25519), `whsk_` and base64."""
    return f"whsk_{base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()}"


def rotate_secret(session: Session, endpoint: Endpoint) -> str:
    """A new secret and key; for a day the former ones sign beside them, so that no receiver has to hurry.

    Raises Conflict within that day: those that sign now would be good no more.
    """
    session.refresh(endpoint, with_for_update=True)
    if endpoint.former_secret_until is not None and now() < endpoint.former_secret_until:
        until = endpoint.former_secret_until.isoformat(timespec="seconds")
        raise Conflict(f"The former secret still signs beside the new one; change it again after {until}.")
    endpoint.former_secret_until = now() + OVERLAP
    endpoint.former_secret, endpoint.secret = endpoint.secret, new_secret()
    endpoint.former_signing_key, endpoint.signing_key = endpoint.signing_key, new_signing_key()
    return endpoint.secret


def current(
    newest: Sequence[str | None], former: Sequence[str | None], until: datetime | None
) -> tuple[str, ...]:
    """The secrets and keys that sign what leaves now: the newest, and the former while they are good."""
    both = (*newest, *former) if until is not None and now() < until else newest
    return tuple(secret for secret in both if secret)


def public_key(endpoint: Endpoint) -> str:
    """What verifies the signatures v1a, `whpk_` and base64."""
    public = _private(endpoint.signing_key).public_key()
    return f"whpk_{base64.b64encode(public.public_bytes_raw()).decode()}"


def signature(content: bytes, secret: str) -> str:
    """The content's signature by one secret or key, with the version that it is of."""
    if secret.startswith("whsk_"):
        return f"v1a,{base64.b64encode(_private(secret).sign(content)).decode()}"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"


@lru_cache(10_000)
def _private(signing_key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(signing_key.removeprefix("whsk_")))
