"""What a notice says, in Vietnamese and in English: a subject line and a plain text."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from matcher.notices.events import MatchMade, OrderQuarantined


@dataclass(frozen=True)
class Words:
    """`subject` is one line; `text` ends with the address to read on at."""

    subject: str
    text: str


def words(kind: str, data: dict[str, Any], language: str, links_begin: str) -> Words:
    """The words for an event in `language` ("vi" or "en"); links begin with `links_begin`."""
    return _WORDS[kind, language](data, links_begin)


def number(value: str | int, language: str) -> str:
    """1250.5 as people write it: 1.250,5 in Vietnamese, 1,250.5 in English; no needless zeros."""
    whole, _, fraction = f"{Decimal(value):f}".partition(".")
    fraction = fraction.rstrip("0")
    grouped = f"{int(whole):,}"
    if language == "vi":
        return grouped.replace(",", ".") + (f",{fraction}" if fraction else "")
    return grouped + (f".{fraction}" if fraction else "")


def day(iso: str, language: str) -> str:
    """An ISO day as 22/08/2020 in Vietnamese, as 22 August 2020 in English."""
    when = date.fromisoformat(iso)
    return f"{when:%d/%m/%Y}" if language == "vi" else f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def _match_made_vi(match: MatchMade, links_begin: str) -> Words:
    crop, quantity = match["crop"]["vi"], number(match["quantity_kg"], "vi")
    delivered_on = day(match["delivery_day"], "vi")
    return Words(
        f"Hợp đồng {match['contract_number']}: {crop}, {quantity} kg, giao ngày {delivered_on}",
        f"""Dự thảo hợp đồng số {match["contract_number"]} đã được lập giữa hai bên.

Bên bán: {match["seller"]}
Bên mua: {match["buyer"]}
Nông sản: {crop}
Khối lượng: {quantity} kg
Giá tại vườn: {number(match["price"], "vi")} đồng/kg
Ngày giao hàng: {delivered_on}

Xem hợp đồng: {links_begin}{match["contract_page"]}
""",
    )


def _match_made_en(match: MatchMade, links_begin: str) -> Words:
    crop, quantity = match["crop"]["en"], number(match["quantity_kg"], "en")
    delivered_on = day(match["delivery_day"], "en")
    return Words(
        f"Contract {match['contract_number']}: {crop}, {quantity} kg, delivery on {delivered_on}",
        f"""Contract {match["contract_number"]} has been drafted between the two of you.

Seller: {match["seller"]}
Buyer: {match["buyer"]}
Crop: {crop}
Quantity: {quantity} kg
Price at the farm gate: {number(match["price"], "en")} đồng/kg
Day of delivery: {delivered_on}

Read the contract: {links_begin}{match["contract_page"]}
""",
    )


def _order_quarantined_vi(set_aside: OrderQuarantined, links_begin: str) -> Words:
    order = {"lot": "Lô hàng", "demand": "Nhu cầu mua"}[set_aside["order"]]
    crop, quantity = set_aside["crop"]["vi"], number(set_aside["quantity_kg"], "vi")
    last_day = day(set_aside["last_day"], "vi")
    return Words(
        f"{order} bị tạm gác: {crop}, {quantity} kg, hạn đến {last_day}",
        f"""{order} dưới đây không được đưa vào khớp lệnh vì hệ thống không đọc được nội dung. \
Hãy sửa lại để đưa trở lại thị trường.

Của: {set_aside["owner"]}
Nông sản: {crop}
Khối lượng: {quantity} kg
Hạn đến: {last_day}
Lý do: {set_aside["reason"]}

Xem: {links_begin}/v1/{set_aside["order"]}s/{set_aside["order_id"]}
""",
    )


def _order_quarantined_en(set_aside: OrderQuarantined, links_begin: str) -> Words:
    order = set_aside["order"].capitalize()
    crop, quantity = set_aside["crop"]["en"], number(set_aside["quantity_kg"], "en")
    last_day = day(set_aside["last_day"], "en")
    return Words(
        f"{order} set aside: {crop}, {quantity} kg, good until {last_day}",
        f"""The {set_aside["order"]} below takes no part in the matching, because it could not be read. \
Amend it to bring it back to the market.

Of: {set_aside["owner"]}
Crop: {crop}
Quantity: {quantity} kg
Good until: {last_day}
Reason: {set_aside["reason"]}

Read it: {links_begin}/v1/{set_aside["order"]}s/{set_aside["order_id"]}
""",
    )


# Not strftime's %B, which follows the locale of whoever runs the worker.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip

_WORDS: dict[tuple[str, str], Callable[[Any, str], Words]] = {
    ("match.made", "vi"): _match_made_vi,
    ("match.made", "en"): _match_made_en,
    ("order.quarantined", "vi"): _order_quarantined_vi,
    ("order.quarantined", "en"): _order_quarantined_en,
}
