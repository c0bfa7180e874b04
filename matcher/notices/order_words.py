"""What is said of an order: what became of it, and that it was set aside."""

from functools import partial

from matcher.figures import day, number
from matcher.notices.events import OrderMoved, OrderQuarantined
from matcher.notices.letter import InWords, Words
from matcher.quarantine import in_words


def _order_quarantined_vi(set_aside: OrderQuarantined, links_begin: str) -> Words:
    order = {"lot": "Lô hàng", "demand": "Nhu cầu mua"}[set_aside["order"]]
    crop, quantity = set_aside["crop"]["vi"], number(set_aside["quantity_kg"], "vi")
    last_day = day(set_aside["last_day"], "vi")
    return Words(
        f"{order} bị tạm gác: {crop}, {quantity} kg, hạn đến {last_day}",
        f"""{order} dưới đây tạm thời không được đưa vào khớp lệnh, và sẽ trở lại thị trường sau khi được \
sửa lại hoặc được bộ phận vận hành giải tỏa.

Của: {set_aside["owner"]}
Nông sản: {crop}
Khối lượng: {quantity} kg
Hạn đến: {last_day}
Lý do: {in_words(set_aside["reason"], "vi")}

Xem: {links_begin}{set_aside["order_page"]}
""",
    )


def _order_quarantined_en(set_aside: OrderQuarantined, links_begin: str) -> Words:
    order = set_aside["order"].capitalize()
    crop, quantity = set_aside["crop"]["en"], number(set_aside["quantity_kg"], "en")
    last_day = day(set_aside["last_day"], "en")
    return Words(
        f"{order} set aside: {crop}, {quantity} kg, good until {last_day}",
        f"""The {set_aside["order"]} below takes no part in the matching for now. It comes back \
to the market once it is amended, or an operator releases it.

Of: {set_aside["owner"]}
Crop: {crop}
Quantity: {quantity} kg
Good until: {last_day}
Reason: {in_words(set_aside["reason"], "en")}

Read it: {links_begin}{set_aside["order_page"]}
""",
    )


_ORDER_MOVED = {
    "order.posted": ("đã được đăng", "posted"),
    "order.amended": ("đã được sửa", "amended"),
    "order.filled": ("đã khớp hết", "matched in full"),
    "order.reopened": (
        "trở lại thị trường, vì một hợp đồng không thành hoặc đã giảm khối lượng",
        "back on the market, as a contract fell through or takes less",
    ),
    "order.withdrawn": ("đã được rút", "withdrawn"),
    "order.expiring": ("sắp hết hạn: ngày mai là ngày cuối", "about to expire: tomorrow is its last day"),
    "order.expired": ("đã hết hạn", "expired"),
}  # fmt: skip


def _order_moved_vi(kind: str, moved: OrderMoved, links_begin: str) -> Words:
    order = {"lot": "Lô hàng", "demand": "Nhu cầu mua"}[moved["order"]]
    crop, quantity = moved["crop"]["vi"], number(moved["quantity_kg"], "vi")
    what = _ORDER_MOVED[kind][0]
    return Words(
        f"{order} {crop}, {quantity} kg: {what.partition(',')[0].partition(':')[0]}",
        f"""{order} dưới đây {what}.

Nông sản: {crop}
Khối lượng: {quantity} kg
Còn lại: {number(moved["remaining_kg"], "vi")} kg
Hạn đến: {day(moved["last_day"], "vi")}

Xem: {links_begin}{moved["order_page"]}
""",
    )


def _order_moved_en(kind: str, moved: OrderMoved, links_begin: str) -> Words:
    crop, quantity = moved["crop"]["en"], number(moved["quantity_kg"], "en")
    what = _ORDER_MOVED[kind][1]
    return Words(
        f"{moved['order'].capitalize()} of {crop}, {quantity} kg: {what.partition(',')[0].partition(':')[0]}",
        f"""The {moved["order"]} below is {what}.

Crop: {crop}
Quantity: {quantity} kg
Left: {number(moved["remaining_kg"], "en")} kg
Good until: {day(moved["last_day"], "en")}

Read it: {links_begin}{moved["order_page"]}
""",
    )


OF_ORDERS: dict[tuple[str, str], InWords] = {
    **{(kind, "vi"): partial(_order_moved_vi, kind) for kind in _ORDER_MOVED},
    **{(kind, "en"): partial(_order_moved_en, kind) for kind in _ORDER_MOVED},
    ("order.quarantined", "vi"): _order_quarantined_vi,
    ("order.quarantined", "en"): _order_quarantined_en,
}
