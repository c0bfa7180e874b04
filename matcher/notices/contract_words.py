"""What is said of a contract: that it was drafted, and what became of it."""

from decimal import Decimal
from functools import partial
from typing import get_args

from matcher.figures import day, number
from matcher.notices.events import ContractMoved, Kind, MatchMade
from matcher.notices.letter import InWords, Words


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


def _contract_moved_vi(kind: str, moved: ContractMoved, links_begin: str) -> Words:
    crop, quantity = moved["crop"]["vi"], number(moved["quantity_kg"], "vi")
    again = ", việc giao hàng được mở lại" if moved.get("open_again") else ""
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
        "contract.delivery_withdrawn": f"{moved['by_name']} đã rút một phiếu cân ghi nhầm{again}",
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
    said = _why_closed(moved, "vi") if kind == "contract.closed" else moved["reason"]
    reason = f"Lý do: {said}\n" if said else ""
    if Decimal(taken_back := moved.get("taken_back_kg", "0")):
        reason += f"Phần thiếu đã rút khỏi thị trường: {number(taken_back, 'vi')} kg; "
        reason += "phần đã khớp với người khác và phần bên mua thêm vào vẫn giữ nguyên\n"
    subject, quantity_line = what.partition(";")[0], f"{quantity} kg"
    if (accepted := moved.get("accepted_kg")) is not None:
        quantity_line = f"đã nhận {number(accepted, 'vi')} trên {quantity} kg đã thỏa thuận"
        subject += f" – {quantity_line}"
    return Words(
        f"Hợp đồng {moved['contract_number']}: {subject}",
        f"""Hợp đồng số {moved["contract_number"]}: {what}.

Nông sản: {crop}
Khối lượng: {quantity_line}
{reason}
Xem hợp đồng: {links_begin}{moved["contract_page"]}
""",
    )


def _contract_moved_en(kind: str, moved: ContractMoved, links_begin: str) -> Words:
    crop, quantity = moved["crop"]["en"], number(moved["quantity_kg"], "en")
    again = ", and the deliveries are open again" if moved.get("open_again") else ""
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
        "contract.delivery_withdrawn": f"{moved['by_name']} has withdrawn a weigh ticket{again}",
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
    said = _why_closed(moved, "en") if kind == "contract.closed" else moved["reason"]
    reason = f"Reason: {said}\n" if said else ""
    if Decimal(taken_back := moved.get("taken_back_kg", "0")):
        reason += f"Taken off the market of what was short: {number(taken_back, 'en')} kg; "
        reason += "what others were matched with, and what the buyer had added, stays\n"
    subject, quantity_line = what.partition(";")[0], f"{quantity} kg"
    if (accepted := moved.get("accepted_kg")) is not None:
        quantity_line = f"{number(accepted, 'en')} kg taken over of {quantity} kg agreed"
        subject += f" – {quantity_line}"
    return Words(
        f"Contract {moved['contract_number']}: {subject}",
        f"""Contract {moved["contract_number"]}: {what}.

Crop: {crop}
Quantity: {quantity_line}
{reason}
Read the contract: {links_begin}{moved["contract_page"]}
""",
    )


_BY_ITSELF = {"vi": "đã quá ngày giao hàng", "en": "past the day of delivery"}
_LAST_TICKET = {"vi": "phiếu cân", "en": "weigh ticket"}


def _why_closed(moved: ContractMoved, language: str) -> str | None:
    if moved["by"] == "deadline":
        return _BY_ITSELF[language]  # the reason on record is the service's own, and in one language
    if (ticket := moved.get("ticket_number")) is None:
        return moved["reason"]
    return ": ".join(filter(None, (f"{_LAST_TICKET[language]} {ticket}", moved["reason"])))


_MOVES = [kind for kind in get_args(Kind) if kind.startswith("contract.")]

OF_CONTRACTS: dict[tuple[str, str], InWords] = {
    ("match.made", "vi"): _match_made_vi,
    ("match.made", "en"): _match_made_en,
    **{(kind, "vi"): partial(_contract_moved_vi, kind) for kind in _MOVES},
    **{(kind, "en"): partial(_contract_moved_en, kind) for kind in _MOVES},
}
