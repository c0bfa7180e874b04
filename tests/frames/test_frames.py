"""Frame agreements drawn down by calls, and memoranda signed by several parties."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text, update

from matcher.clock import end_of, today
from matcher.contracts.draft import DOCX, HTML, PDF
from matcher.contracts.evidence import evidence
from matcher.contracts.keys import sealing_key
from matcher.contracts.life import Acceptance, decline
from matcher.contracts.steps import digest
from matcher.contracts.verify import Verdict, verify
from matcher.errors import Conflict, Forbidden, Invalid, NotFound
from matcher.frames.documents import frame_document
from matcher.frames.life import get_frame, leave, list_frames, sign
from matcher.store.tables import Contract, Event, Frame, Lot, Match, Notice, Party
from tests.contracts.test_documents import docx_text, html_text, pdf_pages, run_together
from tests.frames.season import Season
from tests.market import day, demand, lot, party
from tests.trading.invariants import broken


def test_it_is_agreed_once_every_party_has_signed(season: Season) -> None:
    assert season.sign(season.seller) == "draft"
    with pytest.raises(Conflict, match="decline"):
        season.sign(season.seller)
    assert season.sign(season.buyer) == "agreed"
    assert season.read().moves == ["call", "end"]


def test_signing_is_on_the_hash_of_what_was_read(season: Season) -> None:
    said = Acceptance(signer="Giám đốc", terms_hash="0" * 64)
    with pytest.raises(Invalid), season.ledger.transaction() as session:
        sign(session, season.id, season.seller, said, "127.0.0.1")


def test_a_call_is_a_contract_at_the_price_agreed_on(agreed: Season) -> None:
    contract_id = agreed.call(1500)
    with agreed.ledger.transaction() as session:
        contract = session.get_one(Contract, contract_id)
        assert contract.terms["price"]["farm_gate"] == 30_000
        assert (contract.terms["quantity_kg"], contract.signature) == ("1500", "draft")
        assert session.scalars(select(Lot.state)).all() == ["filled"]
    seen = agreed.read()
    assert (str(seen.called_kg), str(seen.remaining_kg), seen.contracts) == ("1500", "8500", [contract_id])
    assert broken(agreed.ledger) == {}


def test_what_is_called_is_nobody_elses(agreed: Season) -> None:
    with agreed.ledger.transaction() as session:
        demand(session, agreed.stranger, agreed.knowledge, bid=90_000)
        lot(session, party(session, "producer"), agreed.knowledge, ask=1)
    agreed.call(1000)
    with agreed.ledger.transaction() as session:
        match = session.scalars(select(Match)).one()
        assert (match.seller_id, match.buyer_id) == (agreed.seller.id, agreed.buyer.id)


def test_a_call_for_today_is_accepted_today_or_lapses(
    agreed: Season, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matcher.contracts.draft.signing_hours", lambda *_: 72)
    for last, deadline in ((0, end_of(today())), (20, None)):
        contract_id = agreed.call(10, last=last)
        with agreed.ledger.transaction() as session:
            contract = session.get_one(Contract, contract_id)
            assert contract.deadline_at == (deadline or contract.drafted_at + timedelta(hours=72))
            assert contract.drafted_at < contract.remind_at < contract.deadline_at


def test_no_more_is_called_than_was_agreed(agreed: Season) -> None:
    agreed.call(9_999)
    with pytest.raises(Invalid, match="1 kg of the agreement are left"):
        agreed.call(2)
    agreed.call(1)
    assert str(agreed.read().remaining_kg) == "0"
    with pytest.raises(Invalid, match="0 kg of the agreement are left") as refused:
        agreed.call(1)
    assert refused.value.faults[0].remedy.startswith("Call nothing more")


def test_a_call_that_comes_to_nothing_can_be_called_again(agreed: Season) -> None:
    contract_id = agreed.call(10_000)
    with agreed.ledger.transaction() as session:
        decline(session, contract_id, agreed.seller, "Mưa")
    assert str(agreed.read().remaining_kg) == "10000"
    agreed.call(10_000)
    assert broken(agreed.ledger) == {}


@pytest.mark.parametrize(
    ("first", "last", "path"),
    [(-1, 3, "deliver_from"), (0, 61, "deliver_until"), (3, 2, "deliver_until"), (0, 0, "")],
)
def test_days_on_which_goods_can_not_come_are_refused(
    agreed: Season, first: int, last: int, path: str
) -> None:
    if path == "":
        # The lorry would have to leave before the agreement was made.
        with agreed.ledger.transaction() as session:
            far = {"place_code": None, "place_name": "Cà Mau", "latitude": "9.18", "longitude": "105.15"}
            frame = session.get_one(Frame, agreed.id)
            goods = frame.terms["goods"]
            frame.terms = frame.terms | {"goods": goods | {"destination": goods["destination"] | far}}
    with pytest.raises(Invalid) as refused:
        agreed.call(100, first=first, last=last)
    assert path in [fault.path for fault in refused.value.faults]
    with agreed.ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Lot)) == 0, "nothing half-written"


def test_only_its_buyer_calls_and_only_while_it_stands(agreed: Season) -> None:
    with pytest.raises(Conflict):
        agreed.call(100, agreed.seller)
    with pytest.raises(NotFound):
        agreed.call(100, agreed.stranger)
    agreed.call(100)
    with agreed.ledger.transaction() as session:
        leave(session, agreed.id, agreed.seller, "end", "Hết mùa")
    with pytest.raises(Conflict, match="ended"):
        agreed.call(100)
    assert len(agreed.read().contracts) == 1


def test_a_season_that_is_over_takes_no_calls(agreed: Season) -> None:
    with agreed.ledger.transaction() as session:
        frame = session.get_one(Frame, agreed.id)
        over = {"until_day": (today() - timedelta(days=1)).isoformat()}
        frame.terms = frame.terms | {"goods": frame.terms["goods"] | over}
    with pytest.raises(Conflict):
        agreed.call(100)


def test_a_memorandum_is_signed_by_several_and_not_drawn(season: Season) -> None:
    with season.ledger.transaction() as session:
        others = [party(session, "producer") for _ in range(3)]
    sides = [season.seller, season.buyer, *others]
    memorandum = season.post(season.operator, sides, "memorandum", price=None, origin=None, destination=None)
    states = [season.sign(side, memorandum) for side in sides]
    assert states == ["draft"] * 4 + ["agreed"]
    season.id = memorandum
    with pytest.raises(Conflict):
        season.call(100)


def test_one_party_that_declines_ends_the_draft(season: Season) -> None:
    season.sign(season.seller)
    with season.ledger.transaction() as session:
        leave(session, season.id, season.buyer, "decline", "Giá cao")
    with pytest.raises(Conflict, match="declined"):
        season.sign(season.buyer)


@pytest.mark.parametrize(
    ("other", "path"),
    [
        ({"grade": "gold"}, "goods.grade"),
        ({"quantity_kg": 0}, "goods.quantity_kg"),
        ({"price": None}, "goods.price"),
        ({"destination": None}, "goods.destination"),
        ({"until_day": day(-3)}, "goods.until_day"),
        ({"from_day": "2020-01-01", "until_day": day(-1)}, "goods.until_day"),
        ({"until_day": day(800)}, "goods.until_day"),
        ({"origin": "Nơi không có"}, "goods.origin"),
        ({"crop": "gold"}, "goods.crop"),
    ],
)
def test_what_a_frame_can_not_say_is_refused(season: Season, other: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        season.post(season.buyer, [season.seller, season.buyer], **other)
    assert path in " ".join(fault.path for fault in refused.value.faults)


def test_its_sides_are_one_producer_and_one_buyer_who_exist(season: Season) -> None:
    for sides in ([season.buyer, season.stranger], [season.seller, season.seller]):
        with pytest.raises(Invalid):
            season.post(season.operator, sides)
    with pytest.raises(Forbidden):
        season.post(season.stranger, [season.seller, season.buyer])
    nobody = Party(id=uuid4(), kind="buyer", name="x")
    told = []
    for other in (nobody, season.operator):
        with pytest.raises(Invalid) as refused:
            season.post(season.buyer, [season.buyer, other])
        told += [(fault.path, fault.message.replace(str(other.id), "ID")) for fault in refused.value.faults]
    assert told == [("parties.1", "no producer or buyer ID")] * 2


@pytest.mark.parametrize("kind", ["frame", "memorandum"])
def test_what_is_known_of_a_party_beside_its_name_comes_with_its_own_signature(
    season: Season, kind: str
) -> None:
    known = {"address": "Số 5 Chi Lăng", "tax_code": "4900123456", "phone": "0912345678",
             "representative": "Nông Văn Bền", "bank_account": "8888111122"}  # fmt: skip
    with season.ledger.transaction() as session:
        seller = party(session, "producer", "HTX Kín", **known)
    season.id = season.post(season.buyer, [seller, season.buyer], kind)

    def said() -> str:
        with season.ledger.transaction() as session:
            frame = session.get_one(Frame, season.id)
            page = html_text(frame_document(session, frame, HTML, season.settings))
        return run_together(page + season.read().model_dump_json() + evidence_of(season)[0].decode())

    season.sign(season.buyer)
    assert "HTXKín" in said()
    assert [value for value in known.values() if run_together(value) in said()] == []
    season.sign(seller)
    assert [value for value in known.values() if run_together(value) not in said()] == []
    told, verdict = evidence_of(season)
    assert verdict.genuine
    assert json.loads(told)["steps"][-1]["statement"]["data"]["particulars"]["tax_code"] == "4900123456"


def test_others_see_nothing_of_it(season: Season) -> None:
    with season.ledger.transaction() as session:
        assert list_frames(session, season.stranger) == []
        assert len(list_frames(session, season.seller)) == len(list_frames(session, season.operator)) == 1
        with pytest.raises(NotFound):
            get_frame(session, season.id, season.stranger)


def test_numbers_have_no_gaps_also_where_a_post_was_refused(season: Season) -> None:
    with pytest.raises(Invalid):
        season.post(season.buyer, [season.seller, season.buyer], grade="gold")
    season.post(season.buyer, [season.seller, season.buyer])
    with season.ledger.transaction() as session:
        numbers = session.scalars(select(Frame.number).order_by(Frame.serial)).all()
        session.execute(update(Frame).values(reason=None))
    year = today().year
    assert numbers == [f"0001/{year}/HĐNT-LS", f"0002/{year}/HĐNT-LS"]
    assert broken(season.ledger) == {}


def evidence_of(season: Season) -> tuple[bytes, Verdict]:
    with season.ledger.transaction() as session:
        key = sealing_key(season.settings.sealing_folder)
        told = evidence(session, session.get_one(Frame, season.id), key)
    return told, verify(told, [key.public])


def test_its_steps_are_chained_and_sealed_as_those_of_a_contract_are(agreed: Season) -> None:
    agreed.call(1500)
    with agreed.ledger.transaction() as session:
        leave(session, agreed.id, agreed.seller, "end", "Hết mùa")
    told, verdict = evidence_of(agreed)
    assert verdict.genuine
    assert (verdict.facts["state"], verdict.facts["steps"]) == ("ended", 5)
    statements = [step["statement"] for step in json.loads(told)["steps"]]
    assert [each["kind"] for each in statements] == ["drafted", "signed", "agreed", "called", "ended"]
    assert [each["by"] for each in statements[1:]] == [
        str(side.id) for side in (agreed.seller, agreed.buyer, agreed.buyer, agreed.seller)
    ]
    assert statements[1]["data"]["terms_hash"] == digest(statements[0]["data"]["terms"])
    assert broken(agreed.ledger) == {}


def test_a_step_that_was_changed_in_the_database_breaks_the_chain(agreed: Season) -> None:
    with agreed.ledger.transaction() as session:
        session.execute(text("ALTER TABLE step DISABLE TRIGGER steps_only_grow"))
        forged = """UPDATE step SET statement = jsonb_set(statement, '{data,signer}', '"Ai khác"')
                    WHERE statement ->> 'kind' = 'signed'"""
        assert session.execute(text(forged)).rowcount == 1  # type: ignore[attr-defined]
    assert evidence_of(agreed)[1].finding == "broken_chain"


@pytest.mark.parametrize("kind", ["frame", "memorandum"])
@pytest.mark.parametrize("form", [HTML, PDF, DOCX])
def test_its_documents_say_the_same_in_every_form_and_always_in_the_same_bytes(
    season: Season, kind: str, form: str
) -> None:
    sides = [season.seller, season.buyer]
    if kind == "memorandum":
        with season.ledger.transaction() as session:
            sides += [party(session, "producer", f"HTX #{n} <na> $x$ *đậm* _@ref") for n in range(9)]
    clauses = ["Bao tiêu <toàn bộ> #let $x$ *đậm*", "Ứng trước 30 % " + "rất dài " * 200]
    season.id = season.post(season.operator, sides, kind, said={"clauses": clauses})
    for side in sides:
        season.sign(side, season.id)
    with season.ledger.transaction() as session:
        frame = session.get_one(Frame, season.id)
        once, again = (frame_document(session, frame, form, season.settings) for _ in range(2))
        names = [each["name"] for each in frame.terms["parties"]]
    assert once == again
    read = {HTML: html_text, PDF: lambda content: "".join(pdf_pages(content)), DOCX: docx_text}[form]
    said = run_together(read(once))
    title = "HỢP ĐỒNG NGUYÊN TẮC" if kind == "frame" else "BIÊN BẢN GHI NHỚ"
    for part in (title, frame.number, "10.000 kg", "Mười nghìn ki-lô-gam", "Loại 1", *names, *clauses):
        assert run_together(part) in said, part
    assert ("Đãgọihàng" in said) == (kind == "frame")
    if form == PDF:
        assert b"pdfaid:part>2<" in once
    if form != DOCX:
        known = [sealing_key(season.settings.sealing_folder).public]
        assert verify(once, known).genuine
        assert not verify(once.replace(b"a", b"b", 1), known).genuine


def test_one_that_is_not_signed_by_all_says_so_on_every_page(season: Season) -> None:
    with season.ledger.transaction() as session:
        content = frame_document(session, session.get_one(Frame, season.id), PDF, season.settings)
    assert all("DRAFT" in page for page in pdf_pages(content))


def test_only_a_linkage_contract_stands_on_the_decree_on_linkage(season: Season) -> None:
    for linkage in (False, True):
        sides = [season.seller, season.buyer]
        identity = season.post(season.buyer, sides, said={"linkage": linkage})
        with season.ledger.transaction() as session:
            bases = session.get_one(Frame, identity).terms["legal_bases"]
        assert any("98/2018" in basis["vi"] for basis in bases) == linkage


def test_one_of_before_there_were_wordings_still_has_its_documents(agreed: Season) -> None:
    with agreed.ledger.transaction() as session:
        frame = session.get_one(Frame, agreed.id)
        goods = {name: value for name, value in frame.terms["goods"].items() if not name.endswith("_names")}
        first = ("number", "kind", "clauses")
        shown = ("id", "kind", "name", "address", "tax_code", "representative", "position")
        parties = [{name: each.get(name) for name in shown} for each in frame.terms["parties"]]
        frame.terms = {name: frame.terms[name] for name in first} | {"goods": goods, "parties": parties}
        for form in (HTML, PDF, DOCX):
            assert frame_document(session, frame, form, agreed.settings)


def told(season: Season, to: Party) -> list[str]:
    with season.ledger.transaction() as session:
        kinds = select(Event.kind).join(Notice, Notice.event_id == Event.id).where(Notice.party_id == to.id)
        return list(session.scalars(kinds.order_by(Event.id)))


def test_every_party_is_told_of_every_step_and_nobody_else(agreed: Season) -> None:
    with agreed.ledger.transaction() as session:
        leave(session, agreed.id, agreed.seller, "end", "Hết mùa")
    for side in (agreed.seller, agreed.buyer):
        assert told(agreed, side) == ["frame.drafted", "frame.signed", "frame.agreed", "frame.ended"]
    assert told(agreed, agreed.stranger) == []
