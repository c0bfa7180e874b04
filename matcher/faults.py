"""What pydantic found wrong, in our words: where, what, and what would be right."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from matcher.errors import Fault, Invalid

REMEDIES = {
    "missing": "Give this field.",
    "extra_forbidden": "Take it out, or correct its name; the API description lists the fields.",
    "number": "Give a number such as 1250.5, or an amount with its unit.",
    "finite": "Give a finite number such as 1250.5.",
    "too_much": "Give at most 100,000,000 kg; post larger quantities as several orders.",
    "amount": 'Give kilograms, or {"amount": 12, "unit": "tạ"}.',
    "not_nfc": "Send the text composed (NFC): one code point for each Vietnamese letter.",
    "control_character": "Send plain letters, digits and punctuation.",
    "quiet_hours": "Give quiet_from and quiet_until, such as 21:00 and 05:00, or neither.",
    "time_of_day": "Give times such as 21:00 and 05:30.",
    "time_parsing": "Give a time such as 05:30.",
    "nothing_other": "Give another quantity_kg, price or delivery_day.",
    "telephone": "Give one such as 0912345678, 024 3825 1234 or +86 771 123 4567.",
    "tax_code": "Give its 10 digits, those and a hyphen and 3 for a branch, or 12 for a household or person.",
    "no_number": "Give the number as it stands on the paper.",
    "blank": "Give some text, or leave the field out.",
    "database_url": "Give postgresql://user:password@host:port/name.",
    "broker_url": "Give redis://host:port/0, or amqp://user:password@host/ for RabbitMQ.",
    "int_parsing": "Give a whole number.",
    "day": "Give a day of 2000 to 2199 as YYYY-MM-DD, for example 2026-08-21.",
    "instant": "Give an instant with its offset, for example 2026-08-21T05:00:00+07:00.",
    "int_type": "Give a whole number without quotes or decimals.",
    "instant_range": "Give an instant of 2000 to 2199, for example 2026-08-21T05:00:00+07:00.",
    "json_invalid": "Send valid JSON in UTF-8.",
    "string_pattern_mismatch": "Give it in its usual form.",
    "string_type": "Give text in quotes.",
    "bool_parsing": "Give true or false.",
    "bool_type": "Give true or false, without quotes.",
    "uuid_parsing": "Give an id as this service returned it.",
    "list_type": "Give a list in square brackets.",
    "model_attributes_type": "Give a JSON object in curly brackets.",
}


_LENGTHS = {
    "string_too_short": ("too short", "Give at least {min_length} characters, or leave it out."),
    "string_too_long": ("too long", "Give at most {max_length} characters."),
    "too_long": ("too many", "Give at most {max_length}."),
    "too_short": ("too few", "Give at least {min_length}."),
}


def faults_of(errors: Iterable[Any]) -> list[Fault]:
    """Turns pydantic's error list into faults; the first of `loc` is dropped when it is HTTP's "body"."""
    faults = []
    for error in errors:
        location = list(error["loc"])
        if location[:1] == ["body"]:
            location = location[1:]
        if error["type"] == "json_invalid":
            location = []
        message = str(error["msg"]).removeprefix("Value error, ")
        right = message.removeprefix("Input should be ")
        remedy = REMEDIES.get(error["type"]) or f"Should be {right}."
        if right != message:
            message = f"not {right}"
        if error["type"] in _LENGTHS:
            message, remedy = _LENGTHS[error["type"]]
            remedy = remedy.format(**error["ctx"])
        elif error["type"] == "literal_error":
            message, remedy = "not one of the choices", f"Give {error['ctx']['expected']}."
        elif error["type"] == "string_pattern_mismatch":
            message = "not in the right form"
        faults.append(Fault(".".join(map(str, location)), message, remedy))
    return faults


def invalid(error: ValidationError) -> Invalid:
    return Invalid(*faults_of(error.errors(include_input=False, include_url=False)))
