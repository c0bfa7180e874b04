"""What a web address is, as far as it can be called, and which ones are refused."""

import ipaddress
import re
from urllib.parse import urlsplit

import httpx

from matcher.errors import Fault, Invalid
from matcher.notices.connection import is_elsewhere

MOST_LETTERS = 253  # of a name (RFC 1035, 2.3.4)


def refuse_uncallable(url: str) -> None:
    """Raises Invalid for what is no web address."""
    if not _is_web_address(url):
        fault = Fault("url", f"{url!r} is no web address", "Give one such as https://erp.example.vn/hook.")
        raise Invalid(fault)


def refuse_private(url: str) -> None:
    """Raises Invalid for an address that is plainly not on the open internet, whatever way it is written."""
    try:
        host = urlsplit(url).hostname
    except ValueError:  # no address at all, which is refused as such
        return
    if host is not None and is_elsewhere(host):
        remedy = "Give one that is, such as https://erp.example.vn/hook; the operator may allow others."
        raise Invalid(Fault("url", f"{host} is in a private network, not on the open internet", remedy))


def _is_web_address(url: str) -> bool:
    """Whether it can be called, as far as httpx can tell, which is what calls it; and in one way only."""
    try:
        parts, read = urlsplit(url), httpx.URL(url)
        # What is escaped in a host is read in more than one way. To read it out has httpx see
        # whether what begins with xn-- stands for any name.
        reachable = "%" not in read.host and _is_host(read.raw_host.decode()) and parts.port != 0
    except (ValueError, httpx.InvalidURL):  # of which those of names in other scripts are the former
        return False
    # A password in it would be shown to whoever reads the list.
    plain = parts.username is None and not any(letter.isspace() for letter in url)
    return parts.scheme in ("http", "https") and reachable and plain


def _is_host(host: str) -> bool:
    """Whether a host is an address, or a name (RFC 1035, 1123) whose end no resolver takes for a number."""
    name = host.removesuffix(".")
    labels = name.split(".")
    if ":" in host:
        return True
    if re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1], re.ASCII | re.IGNORECASE):
        return _is_ipv4(name)
    return len(name) <= MOST_LETTERS and all(map(_is_label, labels))


def _is_label(label: str) -> bool:
    letters = re.fullmatch(r"[a-z0-9_-]{1,63}", label, re.ASCII | re.IGNORECASE)
    return letters is not None and not label.startswith("-") and not label.endswith("-")


def _is_ipv4(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
