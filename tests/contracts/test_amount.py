"""Amounts in words, read back by a reader that shares nothing with the writer."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matcher.contracts.amount import MOST, Language, dong_in_words, kilograms_in_words, number_in_words

# Short and long numbers alike, and those with long runs of noughts and fives.
numbers = st.one_of(
    st.integers(0, MOST),
    st.integers(0, 18).flatmap(lambda digits: st.integers(0, 10**digits - 1 if digits else 0)),
    st.text("0145", min_size=1, max_size=18).map(int),
)

DIGITS = "không một hai ba bốn năm sáu bảy tám chín"
VIETNAMESE = {word: digit for digit, word in enumerate(DIGITS.split())} | {"mốt": 1, "tư": 4, "lăm": 5}
BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
ENGLISH = {word: number for number, word in enumerate(BELOW_TWENTY.split())}
ENGLISH |= {word: number * 10 for number, word in enumerate(TENS.split(), 2)}
ENGLISH_SCALES = ("quadrillion", "trillion", "billion", "million", "thousand")


def read_vietnamese(words: list[str]) -> int:
    """Splits at the largest unit there is, the last where it stands more than once."""
    for unit, worth in (("tỷ", 10**9), ("triệu", 10**6), ("nghìn", 1000), ("trăm", 100), ("mươi", 10)):
        if unit in words:
            at = len(words) - 1 - words[::-1].index(unit)
            return read_vietnamese(words[:at]) * worth + read_vietnamese(words[at + 1 :])
    if not words:
        return 0
    if words[0] == "mười":
        return 10 + read_vietnamese(words[1:])
    (digit,) = words[1:] if words[0] == "linh" else words
    return VIETNAMESE[digit]


def read_english(text: str) -> int:
    total = group = 0
    for word in re.findall("[a-z]+", text):
        if word in ENGLISH_SCALES:
            total += group * 1000 ** (5 - ENGLISH_SCALES.index(word))
            group = 0
        elif word == "hundred":
            group *= 100
        elif word != "and":
            group += ENGLISH[word]
    return total + group


@given(numbers)
@example(10**15)
@example(10**15 + 5)
@example(10**9 + 10**6)
def test_any_number_in_words_reads_back_as_itself(number: int) -> None:
    assert read_vietnamese(number_in_words(number, "vi").split()) == number
    assert read_english(number_in_words(number, "en")) == number


@given(numbers)
def test_the_forms_of_one_four_and_five_stand_where_they_must(number: int) -> None:
    words = number_in_words(number, "vi").split()
    for before, word in zip(["", *words], words, strict=False):
        if word in ("mốt", "tư"):
            assert before == "mươi"
        if word in ("một", "bốn"):
            assert before != "mươi"
        if word == "lăm":
            assert before in ("mươi", "mười")
        if word == "năm":
            assert before not in ("mươi", "mười")
        if word == "linh":
            assert before == "trăm"


@pytest.mark.parametrize(
    ("dong", "language", "said"),
    [
        (0, "vi", "Không đồng"),
        (15, "vi", "Mười lăm đồng"),
        (21, "vi", "Hai mươi mốt đồng"),
        (105, "vi", "Một trăm linh năm đồng"),
        (1_000_005, "vi", "Một triệu không trăm linh năm đồng"),
        (19_284_555, "vi", "Mười chín triệu hai trăm tám mươi tư nghìn năm trăm năm mươi lăm đồng"),
        (2_005 * 10**9, "vi", "Hai nghìn không trăm linh năm tỷ đồng"),
        (10**15, "vi", "Một triệu tỷ đồng"),
        (10**15, "en", "One quadrillion đồng"),
        (1_000_005, "en", "One million and five đồng"),
        (
            19_284_555, "en",
            "Nineteen million two hundred and eighty-four thousand five hundred and fifty-five đồng",
        ),
    ],
)  # fmt: skip
def test_amounts_are_said_as_in_a_contract(dong: int, language: Language, said: str) -> None:
    assert dong_in_words(dong, language) == said


def test_kilograms_are_said_to_the_gram() -> None:
    assert kilograms_in_words(Decimal("400.125"), "vi") == ("Bốn trăm ki-lô-gam một trăm hai mươi lăm gam")
    assert kilograms_in_words(Decimal("1.001"), "en") == "One kilogram one gram"
    assert kilograms_in_words(Decimal("0.5"), "en") == "Five hundred grams"
    assert kilograms_in_words(Decimal(600), "en") == "Six hundred kilograms"


@pytest.mark.parametrize("number", [-1, MOST + 1])
def test_what_no_contract_can_hold_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="is not from 0"):
        number_in_words(number, "vi")
