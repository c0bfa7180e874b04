"""What is said of a frame agreement or memorandum: what became of it."""

from functools import partial

from matcher.figures import number
from matcher.notices.events import FrameMoved
from matcher.notices.letter import InWords, Words

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


OF_FRAMES: dict[tuple[str, str], InWords] = {
    **{(kind, "vi"): partial(_frame_moved_vi, kind) for kind in _FRAME_MOVED},
    **{(kind, "en"): partial(_frame_moved_en, kind) for kind in _FRAME_MOVED},
}
