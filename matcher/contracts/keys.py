"""The keys documents are sealed with: Ed25519, one for each host, in a folder of its own.

`current.pem` is the private key in use. Beside it lies the public half of every key there was here, as a
JWK (RFC 8037) in a file named by its thumbprint (RFC 7638), so that old documents stay verifiable.
"""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt import PyJWK, PyJWTError
from jwt.algorithms import OKPAlgorithm
from jwt.utils import base64url_encode
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from matcher.clock import now
from matcher.contracts.steps import canonical, digest
from matcher.errors import Fault, Invalid, Unavailable
from matcher.store.tables import SealKey

Jwk = dict[str, Any]


@dataclass(frozen=True)
class SealingKey:
    """A private key, and its public half as a JWK whose `kid` is its thumbprint."""

    private: Ed25519PrivateKey
    public: Jwk

    @property
    def id(self) -> str:
        return str(self.public["kid"])


def sealing_key(folder: Path) -> SealingKey:
    """The key in use, made at the first asking. Raises Unavailable where the folder holds another thing."""
    file = folder / "current.pem"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(folder, file, Ed25519PrivateKey.generate(), replace=False)
    try:
        private = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise Unavailable(f"The sealing key {file} can not be read: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise Unavailable(f"The sealing key {file} is no Ed25519 key.")
    return SealingKey(private, _public(private))


def rotate(session: Session, folder: Path) -> SealingKey:
    """Puts a new key into use. Documents sealed with the old one stay genuine; it seals no more."""
    old = sealing_key(folder)
    note_key(session, old)
    _put(folder, folder / "current.pem", Ed25519PrivateKey.generate(), replace=True)
    session.execute(update(SealKey).where(SealKey.id == old.id).values(retired_at=now()))
    new = sealing_key(folder)
    note_key(session, new)
    return new


def note_key(session: Session, key: SealingKey) -> None:
    """Makes the public half known to all who verify."""
    if session.get(SealKey, key.id) is None:
        session.execute(insert(SealKey).values(id=key.id, key=key.public).on_conflict_do_nothing())


def known_keys(session: Session) -> Sequence[Jwk]:
    """The public keys of every host, retired ones too, the latest first."""
    return session.scalars(select(SealKey.key).order_by(SealKey.first_used_at.desc())).all()


def keys_in(folder: Path) -> Sequence[Jwk]:
    """The public keys that lie in a folder of keys."""
    return [json.loads(file.read_bytes()) for file in sorted(folder.glob("*.json"))]


def keys_of(key_set: bytes) -> Sequence[Jwk]:
    """The public keys of a JWK set (RFC 7517). Raises Invalid for anything else."""
    try:
        keys = [dict(key) for key in json.loads(key_set)["keys"]]
        if all(isinstance(key["kid"], str) and isinstance(PyJWK(key), PyJWK) for key in keys):
            return keys
    except (ValueError, KeyError, TypeError, PyJWTError):
        pass
    raise Invalid(Fault("keys", "no JWK set", "Give the file that /.well-known/jwks.json serves."))


def _public(private: Ed25519PrivateKey) -> Jwk:
    jwk = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    required = {name: jwk[name] for name in ("crv", "kty", "x")}
    thumbprint = base64url_encode(bytes.fromhex(digest(required))).decode()
    return required | {"kid": thumbprint, "use": "sig", "alg": "EdDSA"}


def _put(folder: Path, file: Path, private: Ed25519PrivateKey, *, replace: bool) -> None:
    """Writes the key whole or not at all; of several processes that make the first, one wins."""
    with NamedTemporaryFile(dir=folder, prefix=".new", delete=False) as new:
        new.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    written = Path(new.name)
    if replace:
        written.replace(file)
    else:
        with contextlib.suppress(FileExistsError):
            os.link(written, file)
        written.unlink()
    public = _public(private)
    (folder / f"{public['kid']}.json").write_bytes(canonical(public))
