"""Vietnamese text compared the way people type it: with or without diacritics, in any case."""

import re
import unicodedata

_MARKS = re.compile(r"[\u0300-\u036f'\u2019\u2018`]")
_BETWEEN_WORDS = re.compile("[^a-z0-9]+")


def fold(text: str) -> str:
    """Lower-case words of a–z and 0–9, one space apart: "Thị trấn Đồng Mỏ" -> "thi tran dong mo".

    Apostrophes vanish ("Cư M'gar" -> "cu mgar"), other punctuation separates.
    """
    letters = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d").replace("ð", "d")
    return _BETWEEN_WORDS.sub(" ", _MARKS.sub("", letters)).strip()


def spelling(text: str) -> tuple[str, ...]:
    """The words with their diacritics, wherever in the word the tone is written: hoà and hòa are equal."""
    words = unicodedata.normalize("NFD", text.casefold()).split()
    return tuple("".join(sorted(word, key=unicodedata.combining)) for word in words)


def as_number(text: str) -> str:
    """The number of a paper as numbers are compared: its letters and digits alone, in any case and width."""
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def has_diacritics(text: str) -> bool:
    return bool(re.search(r"[đĐ\u0300-\u036f]", unicodedata.normalize("NFD", text)))
