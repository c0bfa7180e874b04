"""Types of the fields that posts carry: exact quantities, whole đồng, calendar days, NFC text."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from matcher.text import as_number

MOST_KILOGRAMS = 100_000_000
MOST_DONG = 100_000_000


@dataclass(frozen=True)
class Amount:
    """How much, as it was posted: `unit` is kg, yến, tạ, tấn, KGM, TNE or a package of the crop."""

    amount: Decimal
    unit: str = "kg"


def _amount(value: Any) -> Amount:
    if isinstance(value, Amount):
        return value
    if isinstance(value, dict):
        if set(value) != {"amount", "unit"} or not isinstance(value["unit"], str):
            raise PydanticCustomError("amount", "an amount in another unit has just amount and unit")
        return Amount(_number(value["amount"]), _text(value["unit"]))
    return Amount(_number(value))


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise PydanticCustomError("number", "not a number")
    text = str(value).strip()
    if text.lower().strip("+-") in ("nan", "inf", "infinity"):
        raise PydanticCustomError("finite", "not a finite number")
    # What Decimal takes besides, such as 1_000 or digits of other scripts, was hardly meant.
    if not re.fullmatch(r"[+-]?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?", text, re.ASCII):
        raise PydanticCustomError("number", "not a number")
    number = Decimal(text)
    if abs(number) > MOST_KILOGRAMS:
        raise PydanticCustomError("too_much", "more than 100,000,000")
    return number


def _text(text: str) -> str:
    if not unicodedata.is_normalized("NFC", text):
        raise PydanticCustomError("not_nfc", "the text is not in Unicode normal form C")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") for letter in text):
        raise PydanticCustomError("control_character", "the text holds a character that is no letter")
    if not text.strip():
        raise PydanticCustomError("blank", "the text is blank")
    return text.strip()


def telephone(said: str) -> str | None:
    """The number in E.164, as +84912345678, however it is spaced; None if it is no number to be called.

    One of Việt Nam is 0, +84, 0084 or 84, then nine digits for a mobile, ten for a fixed line; one of
    elsewhere + or 00, then seven to fifteen digits. Whether there is such a country is not known here.
    """
    digits = re.sub(r"[\s.\-()]", "", said)
    own = re.fullmatch(r"(?:(?:\+|00)?84|0)([35789]\d{8}|2\d{9})", digits, re.ASCII)
    if own is not None:
        return f"+84{own[1]}"
    other = re.fullmatch(r"(?:\+|00)((?!84)[1-9]\d{6,14})", digits, re.ASCII)
    return f"+{other[1]}" if other is not None else None


def _callable(said: str) -> str:
    """Kept as it was written: it is read by people."""
    if telephone(said) is None:
        raise PydanticCustomError("telephone", "not a telephone number")
    return said


def _paper_number(text: str) -> str:
    if not as_number(text):
        raise PydanticCustomError("no_number", "no letter and no digit is in it")
    return text


def _day(value: Any) -> Any:
    if type(value) is date:
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"2[01]\d\d-\d\d-\d\d", value, re.ASCII):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("day", "not a calendar day")


def _instant(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    said = _said_instant(value)
    if said is None:
        raise PydanticCustomError("instant", "not an instant with its offset from UTC")
    if not 2000 <= said.year < 2200:
        raise PydanticCustomError("instant_range", "not within the years 2000 to 2199")
    return said.astimezone(UTC)


def _said_instant(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) <= len("2026-08-21"):
        return None
    try:
        said = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if said.tzinfo is None else said


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


_quantity_schema = {
    "description": "Kilograms to the gram, as a number or a decimal string, or an amount with its unit.",
    "examples": ["1250.5", 1250.5, {"amount": 12, "unit": "tạ"}],
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": MOST_KILOGRAMS},
        {"type": "string", "pattern": r"^\+?\d+(\.\d+)?([eE][+-]?\d{1,3})?$"},
        {
            "type": "object",
            "properties": {"amount": {"type": ["number", "string"]}, "unit": {"type": "string"}},
            "required": ["amount", "unit"],
            "additionalProperties": False,
        },
    ],
}

Quantity = Annotated[Amount, PlainValidator(_amount), WithJsonSchema(_quantity_schema)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_text)]
Telephone = Annotated[Text, AfterValidator(_callable)]
PaperNumber = Annotated[Text, AfterValidator(_paper_number)]
Clause = Annotated[str, Field(max_length=2000), AfterValidator(_text)]
Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
Dong = Annotated[int, Field(strict=True, ge=0, le=MOST_DONG)]
Price = Annotated[int, Field(strict=True, ge=1, le=MOST_DONG)]
Kilograms = Annotated[
    Decimal, PlainSerializer(_plain, return_type=str), Field(description="kg, exact, as a decimal string")
]
Kilometres = Annotated[
    Decimal,
    PlainSerializer(_plain, return_type=str),
    Field(description="km by road, to the metre, as a decimal string"),
]


def kilograms(grams: int) -> Decimal:
    """Grams as exact kilograms."""
    return Decimal(grams) / 1000


def kilograms_text(grams: int) -> str:
    """Grams as exact kg without needless zeros, "1250.5"; metres as km the same way."""
    return _plain(kilograms(grams))


def kilometres(metres: int) -> Decimal:
    """Metres as exact kilometres."""
    return Decimal(metres) / 1000
