"""Why an order was matched, and why not, as its owner reads it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from matcher.fields import Kilograms, Kilometres
from matcher.trading.explain.change import Side
from matcher.trading.matches import MatchView


class ChangeView(BaseModel):
    """`side` says whose order would change: the lot or the demand; `field` is the field of its post.

    `now` and `needed` are as in the post, kg as decimal strings, null where it says nothing; of
    `certificates` they are the schemes valid on the day of delivery.
    """

    side: Side
    field: str
    now: int | str | list[str] | None
    needed: int | str | list[str] | None
    vi: str
    en: str


class Miss(BaseModel):
    """An order of the other side that one reason alone keeps apart, and the smallest change that would do."""

    rule: str = Field(description="its code, as in `blocked`")
    distance_km: Kilometres
    change: ChangeView = Field(description="checked: nothing keeps the changed pair apart")


class Explanation(BaseModel):
    """What the last clearing with this order found, all of it worked out from that clearing's stored input.

    `blocked` counts the orders of the other side by the rules they break, each as often as it breaks one, and
    as `minimum` those with which there is no room for the smallest part that both would trade in;
    `blocked_only` those that one of these keeps apart. `possible` of `considered` none does.
    """

    order_id: UUID
    remaining_kg: Kilograms
    clearing_id: UUID | None = Field(description="null: no clearing has seen this order yet")
    cleared_at: datetime | None
    partners: list[MatchView] = Field(description="its matches that stand, with their arithmetic")
    considered: int = 0
    possible: int = 0
    blocked: dict[str, int] = {}
    blocked_only: dict[str, int] = {}
    misses: list[Miss] = Field([], description="for each reason the nearest miss, where a change would do")
    outbid: ChangeView | None = Field(
        None,
        description="partners were possible but others worth more: the least change with which it trades, or"
        " trades more, tried; where less was not tried to the last đồng, its words say that less may do",
    )
    one_more_kg: int | None = Field(
        None, description="đồng that one more kg of this order could add at most; minimum terms aside"
    )
    refused_for_minimum: bool = Field(
        False,
        description="a minimum term, its own or another's, kept it out; or no price that was tried brings"
        " it more, and the best that may be posted would if no order of the book had a minimum term; or what"
        " is left of it is less than the smallest part in which it trades",
    )
    sellers_used_up: ChangeView | None = Field(
        None, description="it has as many sellers as `max_sellers` allows, and trades again with this change"
    )
