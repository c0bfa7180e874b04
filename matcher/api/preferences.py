"""/v1/preferences"""

from fastapi import APIRouter

from matcher.api.once import OnceRoute, once
from matcher.api.requests import Caller, Transaction
from matcher.notices.preferences import Preferences, prefer, preferences_of

router = APIRouter(prefix="/v1/preferences", tags=["notices"], route_class=OnceRoute)


@router.get("")
def read(session: Transaction, caller: Caller) -> Preferences:
    """How you are told."""
    return preferences_of(session, caller)


@router.put("", dependencies=[once])
def choose(session: Transaction, caller: Caller, body: Preferences) -> Preferences:
    """Choose your language, which events come by mail, and hours without mails."""
    prefer(session, caller, body)
    return preferences_of(session, caller)
