from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.figures import FILTERS, day, number
from matcher.notices.events import ContractMoved, FrameMoved, Kind, OrderMoved, OrderQuarantined
from matcher.notices.words import short, words
from matcher.notices.zalo_templates import values
from matcher.quarantine import in_words
from tests.notices.letters import CONTRACT, match_made

PUBLIC = "https://cho.example"
QUARANTINED: OrderQuarantined = {
    "order": "demand",
    "order_id": CONTRACT,
    "order_page": "/o/Zr4tB8wQmYk1Xb9T8uHnRw",
    "crop": {"key": "custard_apple", "vi": "Na", "en": "Custard apple"},
    "quantity_kg": "500",
    "last_day": "2020-08-03",
    "owner": "Chợ đầu mối Hà Nội",
    "reason": "unreadable",
}
ORDER: OrderMoved = {
    "order": "lot",
    "order_id": CONTRACT,
    "order_page": "/o/Zr4tB8wQmYk1Xb9T8uHnRw",
    "crop": {"key": "custard_apple", "vi": "Na", "en": "Custard apple"},
    "quantity_kg": "1250.5",
    "remaining_kg": "250.5",
    "last_day": "2020-08-23",
    "by_owner": False,
}
MOVED: ContractMoved = {
    "contract_id": CONTRACT,
    "contract_number": "0007/2020/HĐMB-LS",
    "contract_page": "/c/q3lZ0cV2mYk1Xb9T8uHnRw",
    "crop": {"key": "custard_apple", "vi": "Na", "en": "Custard apple"},
    "quantity_kg": "1250.5",
    "by": "buyer",
    "by_name": "Chợ đầu mối Hà Nội",
    "reason": "Giá đã đổi",
}
DATA: dict[str, Any] = {
    "match.made": dict(match_made().data),
    "order.quarantined": dict(QUARANTINED),
    "endpoint.disabled": {"endpoint_id": CONTRACT, "url": "https://erp.example.vn/hook", "reason": "gone"},
    "contact.bounced": {
        "contact_id": CONTRACT,
        "channel": "email",
        "address": "nobody@example.vn",
        "answer": "550 no mailbox",
    },
    "endpoint.test": {"endpoint_id": CONTRACT, "url": "https://erp.example.vn/hook"},
}
DATA |= {kind: dict(MOVED) for kind in get_args(Kind) if kind.startswith("contract.")}
FRAME: FrameMoved = {
    "frame_id": CONTRACT,
    "frame_number": "0007/2020/HĐNT-LS",
    "frame_kind": "frame",
    "crop": {"key": "custard_apple", "vi": "Na", "en": "Custard apple"},
    "quantity_kg": "10000",
    "by_name": "Chợ đầu mối {Hà Nội}",
    "reason": "Hết mùa",
}
DATA |= {kind: dict(FRAME) for kind in get_args(Kind) if kind.startswith("frame.")}
DATA |= {kind: dict(ORDER) for kind in get_args(Kind) if kind.startswith("order.") and kind not in DATA}


def test_a_vietnamese_notice_of_a_match_says_everything_as_vietnamese_write_it() -> None:
    said = words("match.made", DATA["match.made"], "vi", PUBLIC)
    assert said.subject == "Hợp đồng 0007/2020/HĐMB-LS: Na, 1.250,5 kg, giao ngày 22/08/2020"
    for part in ("Nông sản: Na", "1.250,5 kg", "25.000 đồng/kg", "22/08/2020", "Hợp tác xã Chi Lăng"):
        assert part in said.text
    assert said.text.endswith("https://cho.example/c/q3lZ0cV2mYk1Xb9T8uHnRw\n")


def test_an_english_notice_of_a_match_says_the_same_as_english_is_written() -> None:
    said = words("match.made", DATA["match.made"], "en", PUBLIC)
    assert said.subject == "Contract 0007/2020/HĐMB-LS: Custard apple, 1,250.5 kg, delivery on 22 August 2020"
    for part in ("Crop: Custard apple", "1,250.5 kg", "25,000 đồng/kg", "22 August 2020", "Chợ đầu mối"):
        assert part in said.text
    assert said.text.endswith("https://cho.example/c/q3lZ0cV2mYk1Xb9T8uHnRw\n")


@pytest.mark.parametrize(("language", "last_day"), [("vi", "03/08/2020"), ("en", "3 August 2020")])
def test_a_notice_of_a_quarantine_says_which_order_why_and_until_when(language: str, last_day: str) -> None:
    said = words("order.quarantined", DATA["order.quarantined"], language, PUBLIC)
    assert last_day in said.subject
    assert in_words("unreadable", language) in said.text
    assert said.text.endswith("https://cho.example/o/Zr4tB8wQmYk1Xb9T8uHnRw\n")


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_event_has_words_in_every_language(kind: str, language: str) -> None:
    said = words(kind, DATA[kind], language, PUBLIC)
    assert "\n" not in said.subject
    assert ("https://cho.example/" in said.text) == bool(said.link)
    assert said.link or kind.startswith(("endpoint.", "contact.bounced"))


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_event_can_be_told_in_400_letters_that_end_with_the_whole_address(
    kind: str, language: str
) -> None:
    long = DATA[kind] | {name: "Đ" * 200 for name in ("by_name", "seller", "owner") if name in DATA[kind]}
    crop = {"crop": {"key": "x", "vi": "Ơ" * 400, "en": "O" * 400}} if "crop" in long else {}
    for data in (long, long | crop):
        said = short(kind, data, language, PUBLIC)
        assert len(said) <= 400
        assert said.endswith(f" {words(kind, data, language, PUBLIC).link}".rstrip())


def test_that_a_contract_closed_by_itself_is_said_in_either_language_whatever_is_on_record() -> None:
    closed: dict[str, Any] = {**MOVED, "by": "deadline", "by_name": "", "reason": "past the day of delivery"}
    assert "Lý do: đã quá ngày giao hàng\n" in words("contract.closed", closed, "vi", PUBLIC).text
    assert "Reason: past the day of delivery\n" in words("contract.closed", closed, "en", PUBLIC).text


@pytest.mark.parametrize(("note", "after"), [(None, ""), ("Hết hàng", ": Hết hàng")])
def test_deliveries_closed_by_a_last_ticket_are_told_which_it_was(note: str | None, after: str) -> None:
    closed: dict[str, Any] = {**MOVED, "by": "seller", "reason": note, "ticket_number": "T179"}
    assert f"Lý do: phiếu cân T179{after}\n" in words("contract.closed", closed, "vi", PUBLIC).text
    assert f"Reason: weigh ticket T179{after}\n" in words("contract.closed", closed, "en", PUBLIC).text


def test_what_an_undone_closing_takes_off_the_market_is_said_in_both_languages() -> None:
    for kind in ("contract.closing_withdrawn", "contract.delivery_withdrawn"):
        undone: dict[str, Any] = {**MOVED, "by": "operator", "taken_back_kg": "1150.5"}
        assert "Phần thiếu đã rút khỏi thị trường: 1.150,5 kg;" in words(kind, undone, "vi", PUBLIC).text
        assert "Taken off the market of what was short: 1,150.5 kg;" in words(kind, undone, "en", PUBLIC).text
        assert "rút khỏi thị trường" not in words(kind, {**MOVED}, "vi", PUBLIC).text


def test_an_undone_closing_that_took_nothing_back_says_nothing_of_the_market() -> None:
    for kind in ("contract.closing_withdrawn", "contract.delivery_withdrawn"):
        undone: dict[str, Any] = {**MOVED, "by": "operator", "taken_back_kg": "0"}
        for language, market in (("vi", "thị trường"), ("en", "market")):
            said = words(kind, undone, language, PUBLIC).text
            assert market not in said
            assert " 0 kg" not in said


@pytest.mark.parametrize("kind", ["contract.delivered", "contract.closed", "contract.delivery_withdrawn"])
def test_how_many_kilograms_came_of_how_many_agreed_is_said_in_subject_and_text(kind: str) -> None:
    moved: dict[str, Any] = {**MOVED, "accepted_kg": "1000.25"}
    for language, quantity, came in (
        ("vi", "Khối lượng", "đã nhận 1.000,25 trên 1.250,5 kg đã thỏa thuận"),
        ("en", "Quantity", "1,000.25 kg taken over of 1,250.5 kg agreed"),
    ):
        said = words(kind, moved, language, PUBLIC)
        assert f"{quantity}: {came}\n" in said.text
        assert said.subject.endswith(f" – {came}")
        before = words(kind, {**MOVED}, language, PUBLIC)  # as it was recorded before it said so
        assert came not in before.text + before.subject


def test_a_ticket_withdrawn_after_the_closing_is_said_to_open_the_deliveries_again() -> None:
    moved: dict[str, Any] = {**MOVED, "open_again": True}
    for language, again in (("vi", "việc giao hàng được mở lại"), ("en", "the deliveries are open again")):
        said = words("contract.delivery_withdrawn", moved, language, PUBLIC)
        assert again in said.text
        assert again in said.subject
        assert again not in words("contract.delivery_withdrawn", {**MOVED}, language, PUBLIC).text


def test_who_declined_and_why_is_said_in_both_languages() -> None:
    vi, en = (
        words("contract.declined", DATA["contract.declined"], language, PUBLIC) for language in ("vi", "en")
    )
    assert vi.subject == "Hợp đồng 0007/2020/HĐMB-LS: Chợ đầu mối Hà Nội đã từ chối"
    assert en.subject == "Contract 0007/2020/HĐMB-LS: declined by Chợ đầu mối Hà Nội"
    assert "Lý do: Giá đã đổi" in vi.text
    assert "Reason: Giá đã đổi" in en.text


@given(st.integers(min_value=0, max_value=10**14))
def test_a_number_in_words_reads_back_as_itself(grams: int) -> None:
    kilograms = f"{Decimal(grams) / 1000:f}"
    for language, mark, point in (("vi", ".", ","), ("en", ",", ".")):
        written = number(kilograms, language)
        assert Decimal(written.replace(mark, "").replace(point, ".")) == Decimal(kilograms)
        assert not written.endswith((f"{point}0", point))


@pytest.mark.parametrize("said", ["1250.50", 1250, Decimal("0.125"), Decimal("1000.000")])
def test_documents_write_figures_as_notices_do(said: str | int | Decimal) -> None:
    assert FILTERS["grouped"](said) == number(said, "vi")
    assert FILTERS["grouped"](said, ",") == number(said, "en")
    assert FILTERS["day"]("2020-09-01") == day("2020-09-01", "vi")


def test_a_value_that_zalo_has_no_room_for_is_seen_to_be_cut() -> None:
    moved = dict(MOVED) | {"by_name": "Đ" * 200, "reason": "a" * 100}
    said = values("contract.delivered", moved, "vi", PUBLIC)
    assert [(len(said[name]), said[name][-1]) for name in ("by_name", "subject")] == [(100, "…")] * 2
    assert said["reason"] == "a" * 100


def test_what_an_event_does_not_carry_of_what_its_kind_may_is_a_dash_for_zalo() -> None:
    said = values("contract.closed", dict(MOVED), "vi", PUBLIC)
    assert (said["accepted_kg"], said["ticket_number"], said["quantity_kg"]) == ("–", "–", "1.250,5")


def test_the_first_of_a_month_has_no_zero_in_english_only() -> None:
    assert day("2020-09-01", "vi") == "01/09/2020"
    assert day("2020-09-01", "en") == "1 September 2020"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_notice_leads_a_person_to_what_only_a_program_can_read(language: str) -> None:
    told = {"endpoint_id": "7", "url": "https://erp.example.vn/hook", "reason": "gone"}
    bounced = {"contact_id": "7", "address": "mua@example.vn", "channel": "email", "answer": "550 nobody"}
    for kind, data in (("endpoint.disabled", told), ("endpoint.test", told), ("contact.bounced", bounced)):
        assert f"{PUBLIC}/v1/" not in words(kind, data, language, PUBLIC).text
        assert f"{PUBLIC}/v1/" not in short(kind, data, language, PUBLIC)
