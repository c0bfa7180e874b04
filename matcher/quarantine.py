"""Why an order was set aside, in words for its owner; what went wrong inside is for operators only."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

Reason = Literal["unreadable", "unclearable"]

WORDS: dict[str, dict[str, str]] = {
    "unreadable": {
        "vi": "nội dung có chỗ không còn nằm trong danh mục hoặc vượt giới hạn cho phép; hãy kiểm tra giống, "
        "loại, chứng nhận, thị trường, giá và khối lượng",
        "en": "something in it is no longer in the catalogue, or is out of range; check its variety, grade, "
        "certificates, market, price and quantity",
    },
    "unclearable": {
        "vi": "việc tính toán khớp lệnh gặp lỗi khi có nội dung này; lỗi thuộc về hệ thống và bộ phận vận "
        "hành đã được báo",
        "en": "the matching fails while it takes part; the fault is ours, and the operators have been told",
    },
}


def in_words(reason: str, language: str) -> str:
    """The reason in `language` ("vi" or "en"). What older events say is of orders that could not be read."""
    return WORDS.get(reason, WORDS["unreadable"])[language]


class QuarantineView(BaseModel):
    """`vi` and `en` say what the reason means."""

    reason: Reason
    vi: str
    en: str


def _viewed(reason: str | None) -> QuarantineView | None:
    return None if reason is None else QuarantineView.model_validate({"reason": reason} | WORDS[reason])


Quarantine = Annotated[
    QuarantineView | None,
    BeforeValidator(_viewed),
    Field(description="why the clearing passes it over; null when it does not"),
]
