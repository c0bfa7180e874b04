"""/healthz, /readyz"""

from fastapi import APIRouter, Request
from sqlalchemy import text

from matcher.api.requests import Configured, Transaction
from matcher.ops.status import Status, status

router = APIRouter(tags=["operators"])


@router.get("/healthz")
def healthz(request: Request, settings: Configured) -> Status:
    """What waits, since when, and who works. 503 when the database does not answer."""
    return status(request.app.state.ledger, settings)


@router.get("/readyz")
def readyz(session: Transaction) -> dict[str, str]:
    """Whether this process can serve: 503 when the database does not answer."""
    session.execute(text("SELECT 1"))
    return {"status": "ready"}
