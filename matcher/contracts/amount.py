"""Whole đồng and kilograms in words, in Vietnamese and English, as contracts spell them out."""

from decimal import Decimal
from typing import Literal

Language = Literal["vi", "en"]

MOST = 10**18 - 1

_VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_VI_THOUSANDS = ("", "nghìn", "triệu")
_EN = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_EN_THOUSANDS = ("", "thousand", "million", "billion", "trillion", "quadrillion")


def dong_in_words(dong: int, language: Language) -> str:
    """1200000 -> "Một triệu hai trăm nghìn đồng", "One million two hundred thousand đồng"."""
    words = f"{number_in_words(dong, language)} đồng"
    return words[0].upper() + words[1:]


def kilograms_in_words(kilograms: Decimal, language: Language) -> str:
    """400.125 -> "Bốn trăm ki-lô-gam một trăm hai mươi lăm gam"; what is below a gram is not spoken of."""
    kg, grams = divmod(int(kilograms * 1000), 1000)
    names = (" ki-lô-gam", " gam") if language == "vi" else (_plural(kg, "kilogram"), _plural(grams, "gram"))
    parts = [number_in_words(kg, language) + names[0]] if kg or not grams else []
    parts += [number_in_words(grams, language) + names[1]] if grams else []
    words = " ".join(parts)
    return words[0].upper() + words[1:]


def number_in_words(number: int, language: Language) -> str:
    """A whole number from 0 to MOST in lower-case words. Raises ValueError beyond."""
    if not 0 <= number <= MOST:
        raise ValueError(f"{number} is not from 0 to {MOST}")
    return (_vietnamese(number, follows=False) if language == "vi" else _english(number)) or (
        "không" if language == "vi" else "zero"
    )


def _vietnamese(number: int, *, follows: bool) -> str:
    """`follows`: larger groups were spoken before, so this one needs its “không trăm”. Empty for 0."""
    billions, rest = divmod(number, 10**9)
    # Above a tỷ the count begins anew: 10^12 is a nghìn tỷ, 10^15 a triệu tỷ.
    words = [_vietnamese(billions, follows=follows), "tỷ"] if billions else []
    for power in (2, 1, 0):
        group = rest // 1000**power % 1000
        if group:
            words += [*_vietnamese_group(group, follows=follows or bool(words)), _VI_THOUSANDS[power]]
    return " ".join(filter(None, words))


def _vietnamese_group(group: int, *, follows: bool) -> list[str]:
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    words = [_VI[hundreds], "trăm"] if hundreds or follows else []
    if tens == 0:
        return [*words, "linh", _VI[ones]] if ones and words else words + [_VI[ones]] * bool(ones)
    words += ["mười"] if tens == 1 else [_VI[tens], "mươi"]
    if ones == 5:
        words.append("lăm")
    elif tens > 1 and ones in (1, 4):
        words.append("mốt" if ones == 1 else "tư")
    elif ones:
        words.append(_VI[ones])
    return words


def _english(number: int) -> str:
    words: list[str] = []
    for power in range(5, -1, -1):
        group = number // 1000**power % 1000
        if group:
            # “one million and five”: an “and” where the last hundred stands alone behind larger groups
            joint = "and " if words and power == 0 and group < 100 else ""
            words.append(f"{joint}{_english_group(group)} {_EN_THOUSANDS[power]}".rstrip())
    return " ".join(words)


def _english_group(group: int) -> str:
    hundreds, rest = divmod(group, 100)
    below = _EN[rest] if rest < 20 else f"{_EN_TENS[rest // 10]}-{_EN[rest % 10]}".removesuffix("-zero")
    if not hundreds:
        return below
    return f"{_EN[hundreds]} hundred" + (f" and {below}" if rest else "")


def _plural(count: int, unit: str) -> str:
    return f" {unit}" if count == 1 else f" {unit}s"
