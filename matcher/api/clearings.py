"""/v1/clearings"""

from uuid import UUID

from fastapi import APIRouter

from matcher.api.requests import Caller, Transaction
from matcher.trading.record.clearings import ClearingView, clearing_view, get_clearing

router = APIRouter(prefix="/v1/clearings", tags=["matches"])


@router.get("/{clearing_id}")
def read(session: Transaction, caller: Caller, clearing_id: UUID) -> ClearingView:
    """The clearing that made a match of yours, with its proven bound; operators read any."""
    return clearing_view(get_clearing(session, clearing_id, caller))
