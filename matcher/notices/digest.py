"""What has happened since the last mail, in one: by what it is about, in the order in which it began."""

from collections.abc import Sequence

from matcher.clock import VIETNAM
from matcher.notices.letter import Letter, Words
from matcher.notices.words import words

_ABOUT = ("contract_id", "order_id", "endpoint_id", "contact_id")


def digest(letters: Sequence[Letter], language: str, links_begin: str) -> Words:
    """The words for all of them; of each what happened and when, and of each affair where to read on."""
    affairs: dict[str, list[Letter]] = {}
    for letter in letters:
        about = next((str(letter.data[name]) for name in _ABOUT if name in letter.data), letter.kind)
        affairs.setdefault(about, []).append(letter)
    last = max(letter.occurred_at for letter in letters).astimezone(VIETNAM)
    count = len(letters)
    vietnamese = language == "vi"
    many = f"{count} tin mới" if vietnamese else f"{count} {'item' if count == 1 else 'items'} of news"
    until = f"đến {last:%H:%M ngày %d/%m/%Y}" if vietnamese else f"until {last:%H:%M on %d/%m/%Y}"
    told = "\n".join(_affair(each, language, links_begin) for each in affairs.values())
    return Words(f"{many}, {until}", f"{many}, {until}:\n\n{told}")


def _affair(letters: Sequence[Letter], language: str, links_begin: str) -> str:
    said = [words(letter.kind, letter.data, language, links_begin) for letter in letters]
    lines = [
        f"{letter.occurred_at.astimezone(VIETNAM):%d/%m %H:%M}  {each.subject}"
        for letter, each in zip(letters, said, strict=True)
    ]
    return "\n".join([*lines, *filter(None, [said[-1].link]), ""])
