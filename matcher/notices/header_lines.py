"""Headers of mails as RFC 2047 has them, every space of theirs within an encoded word.

Python's own policy puts spaces between two encoded words, where readers drop them: "Hợpđồng".
"""

from email.header import Header
from email.headerregistry import AddressHeader
from email.policy import EmailPolicy
from typing import Any

LINE = 75  # letters at most


class HeaderLines(EmailPolicy):
    """Python's policy, but for the lines of texts and names that are not ASCII."""

    def fold(self, name: str, value: Any) -> str:
        return self._lines(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        lines = self._lines(name, value)
        return lines.encode("ascii") if lines else super().fold_binary(name, value)

    def _lines(self, name: str, value: Any) -> str | None:
        """The whole header; None where Python's own will do."""
        if self.utf8 or str(value).isascii():
            return None
        if not isinstance(value, AddressHeader):
            return f"{name}: {self._words(name, str(value))}{self.linesep}"
        said = (
            str(each)
            if each.display_name.isascii()
            else f"{self._words(name, each.display_name)}{self.linesep} <{each.addr_spec}>"
            for each in value.addresses
        )
        return f"{name}: {f',{self.linesep} '.join(said)}{self.linesep}"

    def _words(self, name: str, text: str) -> str:
        return Header(text, "utf-8", LINE, name).encode(linesep=self.linesep)
