"""What a notice says, in Vietnamese and in English: a subject line and a plain text."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, get_args

from matcher.notices.events import (
    ContactBounced,
    ContractMoved,
    EndpointTold,
    FrameMoved,
    Kind,
    MatchMade,
    OrderMoved,
    OrderQuarantined,
)
from matcher.quarantine import in_words


@dataclass(frozen=True)
class Words:
    """`subject` is one line; `text` ends with the address of the page to read on at, if there is one."""

    subject: str
    text: str

    @property
    def link(self) -> str:
        """That address; empty where there is none."""
        last = self.text.split()[-1]
        return last if last.startswith(("http://", "https://")) else ""


MOST_LETTERS = 400  # of a short message


def short(kind: str, data: dict[str, Any], language: str, links_begin: str) -> str:
    """The same for an SMS: the subject, cut short if need be, and the whole address; 400 letters at most."""
    said = words(kind, data, language, links_begin)
    room = max(MOST_LETTERS - len(said.link) - 1, 0)
    subject = said.subject if len(said.subject) <= room else f"{said.subject[: room - 1].rstrip()}…"
    return f"{subject} {said.link}".rstrip()


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


def _contract_moved_vi(kind: str, moved: ContractMoved, links_begin: str) -> Words:
    crop, quantity = moved["crop"]["vi"], number(moved["quantity_kg"], "vi")
    what = {
        "contract.accepted": f"{moved['by_name']} đã chấp thuận; còn chờ bên kia",
        "contract.agreed": "hai bên đã chấp thuận, hợp đồng có hiệu lực",
        "contract.declined": f"{moved['by_name']} đã từ chối; khối lượng không còn bị giữ",
        "contract.lapsing": "sắp hết hạn chấp thuận; xin xem và trả lời trước hạn ghi trong hợp đồng",
        "contract.lapsed": "đã quá hạn chấp thuận; khối lượng không còn bị giữ",
        "contract.amendment_proposed": f"{moved['by_name']} đề nghị sửa đổi; chờ bên kia trả lời",
        "contract.amendment_declined": f"{moved['by_name']} không đồng ý sửa đổi; các điều khoản giữ nguyên",
        "contract.amendment_withdrawn": f"{moved['by_name']} đã rút đề nghị sửa đổi",
        "contract.amendment_lapsed": "đề nghị sửa đổi không còn hiệu lực; các điều khoản giữ nguyên",
        "contract.amended": "hai bên đã chấp thuận sửa đổi; bản mới có hiệu lực",
        "contract.delivered": f"{moved['by_name']} đã ghi nhận một lần giao hàng; xin kiểm tra phiếu cân",
        "contract.delivery_confirmed": f"{moved['by_name']} đã xác nhận phiếu cân",
        "contract.payment_confirmed": f"{moved['by_name']} đã xác nhận khoản thanh toán",
        "contract.delivery_withdrawn": f"{moved['by_name']} đã rút một phiếu cân ghi nhầm",
        "contract.payment_withdrawn": f"{moved['by_name']} đã rút một khoản thanh toán ghi nhầm",
        "contract.paid": f"{moved['by_name']} đã ghi nhận một lần thanh toán; xin kiểm tra",
        "contract.closed": f"{moved['by_name'] or 'Hệ thống'} đã kết thúc việc giao hàng",
        "contract.closing_withdrawn": (
            f"{moved['by_name']} đã rút lời báo kết thúc giao hàng ghi nhầm; việc giao hàng được mở lại"
        ),
        "contract.dispute_opened": f"{moved['by_name']} đã nêu tranh chấp",
        "contract.dispute_closed": f"{moved['by_name']} đã khép lại tranh chấp",
        "contract.cancelled": f"{moved['by_name']} đã hủy; khối lượng không còn bị giữ",
    }[kind]
    said = _BY_ITSELF["vi"] if _closed_by_itself(kind, moved) else moved["reason"]
    reason = f"Lý do: {said}\n" if said else ""
    return Words(
        f"Hợp đồng {moved['contract_number']}: {what.partition(';')[0]}",
        f"""Hợp đồng số {moved["contract_number"]}: {what}.

Nông sản: {crop}
Khối lượng: {quantity} kg
{reason}
Xem hợp đồng: {links_begin}{moved["contract_page"]}
""",
    )


_BY_ITSELF = {"vi": "đã quá ngày giao hàng", "en": "past the day of delivery"}


def _closed_by_itself(kind: str, moved: ContractMoved) -> bool:
    """Then the reason on record is the service's own, and in one language."""
    return kind == "contract.closed" and moved["by"] == "deadline"


def _contract_moved_en(kind: str, moved: ContractMoved, links_begin: str) -> Words:
    crop, quantity = moved["crop"]["en"], number(moved["quantity_kg"], "en")
    what = {
        "contract.accepted": f"accepted by {moved['by_name']}; the other side has yet to accept",
        "contract.agreed": "accepted by both sides and in force",
        "contract.declined": f"declined by {moved['by_name']}; its quantity is free again",
        "contract.lapsing": "about to lapse; please answer before the deadline it names",
        "contract.lapsed": "not accepted in time; its quantity is free again",
        "contract.amendment_proposed": f"{moved['by_name']} proposes other terms; please answer",
        "contract.amendment_declined": f"{moved['by_name']} keeps to the terms; nothing has changed",
        "contract.amendment_withdrawn": f"{moved['by_name']} has withdrawn the proposed terms",
        "contract.amendment_lapsed": "the proposed terms can no longer be accepted; nothing has changed",
        "contract.amended": "amended; the new terms are accepted by both sides and in force",
        "contract.delivered": f"{moved['by_name']} has recorded a delivery; please check the weigh ticket",
        "contract.delivery_confirmed": f"{moved['by_name']} has confirmed the weigh ticket",
        "contract.payment_confirmed": f"{moved['by_name']} has confirmed the payment",
        "contract.delivery_withdrawn": f"{moved['by_name']} has withdrawn a weigh ticket",
        "contract.payment_withdrawn": f"{moved['by_name']} has withdrawn a payment recorded by mistake",
        "contract.paid": f"{moved['by_name']} has recorded a payment; please check it",
        "contract.closed": f"{moved['by_name'] or 'the service'} has closed the deliveries",
        "contract.closing_withdrawn": (
            f"{moved['by_name']} has withdrawn a closing made by mistake; the deliveries are open again"
        ),
        "contract.dispute_opened": f"{moved['by_name']} has opened a dispute",
        "contract.dispute_closed": f"{moved['by_name']} has closed the dispute",
        "contract.cancelled": f"cancelled by {moved['by_name']}; its quantity is free again",
    }[kind]
    said = _BY_ITSELF["en"] if _closed_by_itself(kind, moved) else moved["reason"]
    reason = f"Reason: {said}\n" if said else ""
    return Words(
        f"Contract {moved['contract_number']}: {what.partition(';')[0]}",
        f"""Contract {moved["contract_number"]}: {what}.

Crop: {crop}
Quantity: {quantity} kg
{reason}
Read the contract: {links_begin}{moved["contract_page"]}
""",
    )


# What became of a frame agreement, with {} for who did it.
_FRAME_MOVED = {
    "frame.drafted": (
        "{} đã soạn; xin đọc và ký, hoặc từ chối",
        "drafted by {}; please read and sign or decline",
    ),
    "frame.signed": ("{} đã ký; còn chờ bên khác", "signed by {}; others have yet to sign"),
    "frame.agreed": ("tất cả các bên đã ký, có hiệu lực", "signed by every party and in force"),
    "frame.declined": ("{} đã từ chối ký", "declined by {}"),
    "frame.ended": (
        "{} đã kết thúc; các hợp đồng đã lập vẫn giữ nguyên",
        "ended by {}; contracts drawn from it stand",
    ),
}


def _frame_moved_vi(kind: str, moved: FrameMoved, links_begin: str) -> Words:
    named = "Hợp đồng nguyên tắc" if moved["frame_kind"] == "frame" else "Biên bản ghi nhớ"
    what = _FRAME_MOVED[kind][0].format(moved["by_name"])
    reason = f"Lý do: {moved['reason']}\n" if moved["reason"] else ""
    return Words(
        f"{named} {moved['frame_number']}: {what.partition(';')[0]}",
        f"""{named} số {moved["frame_number"]}: {what}.

Nông sản: {moved["crop"]["vi"]}
Khối lượng: {number(moved["quantity_kg"], "vi")} kg
{reason}
Xem văn bản: {links_begin}/v1/frames/{moved["frame_id"]}
""",
    )


def _frame_moved_en(kind: str, moved: FrameMoved, links_begin: str) -> Words:
    named = "Frame agreement" if moved["frame_kind"] == "frame" else "Memorandum"
    what = _FRAME_MOVED[kind][1].format(moved["by_name"])
    reason = f"Reason: {moved['reason']}\n" if moved["reason"] else ""
    return Words(
        f"{named} {moved['frame_number']}: {what.partition(';')[0]}",
        f"""{named} {moved["frame_number"]}: {what}.

Crop: {moved["crop"]["en"]}
Quantity: {number(moved["quantity_kg"], "en")} kg
{reason}
Read it: {links_begin}/v1/frames/{moved["frame_id"]}
""",
    )


_WHY_DISABLED = {
    "gone": ("máy nhận đã trả lời 410 (không còn nữa)", "its server answered 410, gone"),
    "failing": ("máy nhận không nhận được thông báo nào trong năm ngày", "nothing got through for five days"),
}


def _endpoint_disabled_vi(told: EndpointTold, _links_begin: str) -> Words:
    return Words(
        f"Điểm nhận thông báo đã bị tắt: {told['url']}",
        f"""Điểm nhận thông báo (webhook) dưới đây đã bị tắt, vì {_WHY_DISABLED[told["reason"]][0]}.

Địa chỉ: {told["url"]}

Các thông báo vẫn được giữ trong danh sách. Hãy bật lại và gửi lại những thông báo còn thiếu.

Bật lại bằng API: PATCH /v1/endpoints/{told["endpoint_id"]}
""",
    )


def _endpoint_disabled_en(told: EndpointTold, _links_begin: str) -> Words:
    return Words(
        f"Endpoint disabled: {told['url']}",
        f"""The endpoint below no longer gets webhooks: {_WHY_DISABLED[told["reason"]][1]}.

Address: {told["url"]}

All notices are kept in your list. Enable it again and replay those it missed.

Enable it by the API: PATCH /v1/endpoints/{told["endpoint_id"]}
""",
    )


def _endpoint_test_vi(told: EndpointTold, _links_begin: str) -> Words:
    return Words(f"Thử điểm nhận: {told['url']}", f"{told['url']}: đây là thông báo thử.\n")


def _endpoint_test_en(told: EndpointTold, _links_begin: str) -> Words:
    return Words(f"Endpoint test: {told['url']}", f"{told['url']}: this is a test.\n")


def _contact_bounced_vi(told: ContactBounced, _links_begin: str) -> Words:
    return Words(
        f"Không gửi được tới {told['address']}",
        f"""Thông báo không tới được địa chỉ dưới đây, nên không gửi gì tới đó nữa cho đến khi địa chỉ \
được sửa hoặc được xác nhận là đúng. Các thông báo vẫn có trong danh sách.

Địa chỉ: {told["address"]}
Trả lời: {told["answer"]}

Sửa bằng API: PATCH /v1/contacts/{told["contact_id"]}
""",
    )


def _contact_bounced_en(told: ContactBounced, _links_begin: str) -> Words:
    return Words(
        f"Nothing reaches {told['address']}",
        f"""Nothing arrives at the address below, so nothing more is sent there until it is corrected or \
confirmed. All notices are kept in your list.

Address: {told["address"]}
Answer: {told["answer"]}

Correct it by the API: PATCH /v1/contacts/{told["contact_id"]}
""",
    )


# Not strftime's %B, which follows the locale of whoever runs the worker.
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip

_MOVES = [kind for kind in get_args(Kind) if kind.startswith("contract.")]
_WORDS: dict[tuple[str, str], Callable[[Any, str], Words]] = {
    ("match.made", "vi"): _match_made_vi,
    ("match.made", "en"): _match_made_en,
    **{(kind, "vi"): partial(_contract_moved_vi, kind) for kind in _MOVES},
    **{(kind, "en"): partial(_contract_moved_en, kind) for kind in _MOVES},
    **{(kind, "vi"): partial(_frame_moved_vi, kind) for kind in _FRAME_MOVED},
    **{(kind, "en"): partial(_frame_moved_en, kind) for kind in _FRAME_MOVED},
    **{(kind, "vi"): partial(_order_moved_vi, kind) for kind in _ORDER_MOVED},
    **{(kind, "en"): partial(_order_moved_en, kind) for kind in _ORDER_MOVED},
    ("endpoint.disabled", "vi"): _endpoint_disabled_vi,
    ("endpoint.disabled", "en"): _endpoint_disabled_en,
    ("endpoint.test", "vi"): _endpoint_test_vi,
    ("endpoint.test", "en"): _endpoint_test_en,
    ("contact.bounced", "vi"): _contact_bounced_vi,
    ("contact.bounced", "en"): _contact_bounced_en,
    ("order.quarantined", "vi"): _order_quarantined_vi,
    ("order.quarantined", "en"): _order_quarantined_en,
}
