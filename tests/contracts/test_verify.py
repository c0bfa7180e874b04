"""Sealed documents: genuine as they were given out, and never again once a byte is changed."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pypdf import PdfReader

from matcher.clock import now
from matcher.contracts.documents import contract_document
from matcher.contracts.evidence import evidence
from matcher.contracts.keys import SealingKey, keys_in, keys_of, known_keys, rotate, sealing_key
from matcher.contracts.life import Reason
from matcher.contracts.mistakes import withdraw_closing
from matcher.contracts.seal import HTML, JSON, PDF, seal
from matcher.contracts.steps import add_step, canonical, digest
from matcher.contracts.verify import verify
from matcher.errors import Invalid, Unavailable
from matcher.store.session import Ledger
from matcher.store.tables import Contract
from tests.contracts.deal import Deal

CONTENTS = {
    PDF: b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nstartxref\n9\n%%EOF\n",
    HTML: "<!doctype html>\n<html><head><title>Hợp đồng</title></head><body>Na</body></html>".encode(),
}
FACTS = {"contract": "c", "number": "0001/2026/HĐMB-LS"}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SealingKey:
    return sealing_key(tmp_path_factory.mktemp("seal") / "keys")


@pytest.fixture
def told(deal: Deal, key: SealingKey) -> bytes:
    """The evidence of a contract that was amended."""
    deal.accept(deal.seller)
    deal.accept_amendment(deal.seller, deal.propose(deal.buyer, quantity_kg=500))
    with deal.ledger.transaction() as session:
        return evidence(session, session.get_one(Contract, deal.id), key)


@pytest.mark.parametrize("media_type", CONTENTS)
def test_a_sealed_document_is_genuine_and_the_same_bytes_each_time(media_type: str, key: SealingKey) -> None:
    document = seal(CONTENTS[media_type], media_type, FACTS, key)
    assert seal(CONTENTS[media_type], media_type, FACTS, key) == document
    verdict = verify(document, [key.public])
    assert verdict.genuine
    assert verdict.facts["number"] == FACTS["number"]


@pytest.mark.parametrize("media_type", CONTENTS)
def test_no_byte_of_a_sealed_document_can_be_another(media_type: str, key: SealingKey) -> None:
    document = seal(CONTENTS[media_type], media_type, FACTS, key)
    for position in range(len(document)):
        for flipped in (0x01, 0x20, 0x80):
            altered = bytearray(document)
            altered[position] ^= flipped
            assert not verify(bytes(altered), [key.public]).genuine, position


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.integers(0, 200), put=st.binary(min_size=1, max_size=8), media_type=st.sampled_from([*CONTENTS])
)
def test_nothing_can_be_put_into_a_sealed_document_or_cut_off(
    key: SealingKey, cut: int, put: bytes, media_type: str
) -> None:
    document = seal(CONTENTS[media_type], media_type, FACTS, key)
    assert not verify(document[:cut] + put + document[cut:], [key.public]).genuine
    assert not verify(document + put, [key.public]).genuine
    assert not verify(document[: -len(put)], [key.public]).genuine


def test_the_evidence_of_a_contract_tells_all_its_steps_and_is_genuine(told: bytes, key: SealingKey) -> None:
    verdict = verify(told, [key.public])
    assert verdict.genuine
    assert (verdict.facts["version"], verdict.facts["state"], verdict.facts["steps"]) == (2, "agreed", 4)
    assert [step["statement"]["kind"] for step in json.loads(told)["steps"]] == [
        "drafted", "accepted", "amendment_proposed", "amended",
    ]  # fmt: skip


def test_no_byte_of_the_evidence_can_be_another(told: bytes, key: SealingKey) -> None:
    for position in range(0, len(told), 7):
        altered = bytearray(told)
        altered[position] ^= 0x01
        assert not verify(bytes(altered), [key.public]).genuine, position


@pytest.mark.parametrize("change", ["dropped", "swapped", "told otherwise", "told otherwise and rehashed"])
def test_steps_that_do_not_follow_are_found_even_under_a_true_seal(
    told: bytes, key: SealingKey, change: str
) -> None:
    forged = json.loads(told)
    del forged["seal"]
    steps = forged["steps"]
    if change == "dropped":
        del steps[1]
    elif change == "swapped":
        steps[1], steps[2] = steps[2], steps[1]
    else:
        steps[1]["statement"]["by"] = "buyer"
        if change.endswith("rehashed"):
            steps[1]["hash"] = digest(steps[1]["statement"])
    document = seal(canonical(forged), JSON, FACTS, key)
    assert verify(document, [key.public]).finding == "broken_chain"


@pytest.mark.parametrize("document", [b"", b"%PDF-1.7", b"<!doctype html></head>", b"{}", b"\x00\xff" * 50])
def test_what_carries_no_seal_is_said_to_carry_none(document: bytes, key: SealingKey) -> None:
    assert verify(document, [key.public]).finding == "no_seal"


def test_the_seal_of_another_key_is_none_of_ours(tmp_path: Path, key: SealingKey) -> None:
    other = sealing_key(tmp_path / "other")
    document = seal(CONTENTS[PDF], PDF, FACTS, other)
    assert verify(document, [key.public]).finding == "unknown_key"
    pretending = {**key.public, "kid": other.public["kid"]}
    assert verify(document, [pretending]).finding == "false_seal"


def test_after_a_change_of_keys_old_documents_are_genuine_still(ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "seal"
    old = sealing_key(folder)
    document = seal(CONTENTS[PDF], PDF, FACTS, old)
    with ledger.transaction() as session:
        new = rotate(session, folder)
        known = known_keys(session)
    assert sealing_key(folder).id == new.id != old.id
    for trusted in (known, keys_in(folder), keys_of(json.dumps({"keys": list(known)}).encode())):
        assert {each["kid"] for each in trusted} == {old.id, new.id}
        assert verify(document, trusted).genuine
        assert verify(seal(CONTENTS[PDF], PDF, FACTS, new), trusted).genuine


def test_the_private_key_is_for_its_owner_only(tmp_path: Path) -> None:
    sealing_key(tmp_path / "seal")
    assert (tmp_path / "seal" / "current.pem").stat().st_mode & 0o077 == 0


def test_a_key_file_that_is_no_key_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "current.pem").write_text("na")
    with pytest.raises(Unavailable, match=r"current\.pem"):
        sealing_key(tmp_path)


@pytest.mark.parametrize("said", [b"", b"[]", b'{"keys": 1}', b'{"keys": [{"kid": "a"}]}', b'{"keys": [[]]}'])
def test_what_is_no_set_of_keys_is_refused(said: bytes) -> None:
    with pytest.raises(Invalid, match="no JWK set"):
        keys_of(said)


def test_the_pdf_and_the_page_of_a_contract_are_genuine_as_they_are_given_out(deal: Deal) -> None:
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        documents = [contract_document(session, contract, form, deal.settings) for form in (PDF, HTML)]
        again = [contract_document(session, contract, form, deal.settings) for form in (PDF, HTML)]
        assert again == documents
        known = known_keys(session)
    for document in documents:
        verdict = verify(document, known)
        assert verdict.genuine
        assert verdict.facts["number"] == contract.number
        altered = document.replace(b"T", b"U", 1)
        assert verify(altered, known).finding in ("altered", "no_seal")
    assert contract.number in PdfReader(BytesIO(documents[0])).pages[0].extract_text()


# A chain in the form in which goods were first weighed: its ticket says no `final`, grades or surplus, its
# closing no `reoffer`. Put together outside this code and kept: its hashes and seal are not made anew.
FIRST_WEIGHED = Path(__file__).with_name("evidence_of_0017.json")
FIRST_KEYS = Path(__file__).with_name("evidence_of_0017_keys.json")


def test_a_chain_from_before_its_steps_said_more_is_still_genuine() -> None:
    kept, keys = FIRST_WEIGHED.read_bytes(), keys_of(FIRST_KEYS.read_bytes())
    verdict = verify(kept, keys)
    assert verdict.genuine
    assert (verdict.facts["state"], verdict.facts["steps"]) == ("agreed", 6)
    steps = json.loads(kept)["steps"]
    assert "final" not in steps[4]["statement"]["data"]
    assert "reoffer" not in steps[5]["statement"]["data"]
    assert steps[5]["hash"] == verdict.facts["last_step"]
    assert verify(kept.replace(b'"450.5"', b'"460.5"'), keys).finding == "altered"


def test_a_chain_from_before_its_steps_said_more_goes_on_and_is_genuine(deal: Deal, key: SealingKey) -> None:
    delivered, closed = (
        step["statement"]["data"] for step in json.loads(FIRST_WEIGHED.read_bytes())["steps"][4:]
    )
    deal.accept(deal.seller)
    deal.accept(deal.buyer)
    with deal.ledger.transaction() as session:
        contract = session.get_one(Contract, deal.id)
        contract.fulfilment = "breached"
        add_step(session, contract, "delivered", now(), "buyer", **delivered)
        add_step(session, contract, "closed", now(), "seller", **closed)
    with deal.ledger.transaction() as session:
        contract = withdraw_closing(session, deal.id, deal.operator, Reason(reason="Nhầm"))
        told = evidence(session, contract, key)
    assert verify(told, [key.public]).genuine
    data = [step["statement"]["data"] for step in json.loads(told)["steps"]]
    assert data[-3:-1] == [delivered, closed]
    assert data[-1]["taken_back"] == {}
