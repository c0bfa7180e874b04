"""What a reader of mail makes of our headers, by RFC 2047."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr

from hypothesis import given
from hypothesis import strategies as st

from matcher.notices.header_lines import HeaderLines

SYLLABLES = (
    "Hợp",
    "đồng",
    "0007/2020/HĐMB-LS",
    "đã",
    "ký",
    "mua",
    "Na",
    "<b>",
    '"',
    "(kg)",
    "nghiêngngả" * 9,
)
texts = st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=40).map(" ".join)


def read(raw: str) -> str:
    return str(make_header(decode_header(raw.replace("\r\n", "").replace("\n", ""))))


@given(texts)
def test_every_space_of_a_vietnamese_subject_and_name_arrives(text: str) -> None:
    message = EmailMessage(HeaderLines())
    message["Subject"] = text
    message["To"] = Address(text, addr_spec="mua@example.vn")
    message["From"] = Address("Chợ " + text, addr_spec="cho@example.vn")
    sent = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    assert sent.isascii()
    if not text.isascii():
        assert all(len(line) <= 78 for line in sent.split(b"\r\n"))
    # As the lines stand, and not as Python's own policy would read them.
    arrived = message_from_bytes(sent)
    assert read(arrived["Subject"]) == text
    for header, name, address in (("To", text, "mua@example.vn"), ("From", "Chợ " + text, "cho@example.vn")):
        phrase, spec = parseaddr(arrived[header])
        assert (read(phrase), spec) == (name, address)
