"""The awkward cases of the season: what each is called, and what must come of its orders."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["nothing", "traded", "several", "multiples"]


@dataclass(frozen=True)
class Case:
    """`outcome` of every order of the case.

    nothing: it is never matched; traded: at least a part is; several: it takes two partners or more;
    multiples: a part is traded, and every match of it is a whole number of packages.
    """

    vietnamese: str
    english: str
    outcome: Outcome


CASES = {
    "too_far": Case("Quá xa", "Too far, or beyond freshness", "nothing"),
    "too_ripe": Case("Quá chín", "Would arrive too ripe", "nothing"),
    "too_dear": Case("Giá không gặp nhau", "The prices do not meet", "nothing"),
    "certificate_expiring": Case("Chứng nhận sắp hết hạn", "Certificate ends before delivery", "nothing"),
    "minimum_fill_not_met": Case("Không đủ lượng tối thiểu", "Minimum fill can not be met", "nothing"),
    "grade_too_low": Case("Loại thấp hơn yêu cầu", "Grade too low", "nothing"),
    "gate_closed": Case("Thị trường chưa mở", "Gate not open", "nothing"),
    "withdrawn": Case("Rút lại", "Withdrawn", "nothing"),
    "amended": Case("Sửa rồi mới khớp", "Matches once amended", "traded"),
    "units": Case("Tạ, tấn, sọt, bao", "In tạ, tonnes, crates, sacks", "traded"),
    "packing_multiple": Case("Chỉ bán nguyên kiện", "Whole packages only", "multiples"),
    "many_lots_for_one_demand": Case("Nhiều lô cho một đơn", "Many lots for one demand", "several"),
    "one_lot_for_many_demands": Case("Một lô cho nhiều đơn", "One lot for many demands", "several"),
}
