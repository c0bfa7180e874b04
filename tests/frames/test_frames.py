"""Frame agreements drawn down by calls, and memoranda signed by several parties."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from config.settings import Settings
from matcher.clock import today
from matcher.contracts.life import Acceptance, decline
from matcher.contracts.steps import digest
from matcher.errors import Conflict, Forbidden, Invalid, NotFound
from matcher.frames.call import CallPost, call
from matcher.frames.life import get_frame, leave, list_frames, post_frame, sign
from matcher.frames.terms import FramePost
from matcher.frames.view import FrameView, frame_view
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Frame, Lot, Match, Party
from tests.market import CHI_LANG, HA_NOI, day, demand, lot, party
from tests.trading.invariants import broken


class Season:
    """A producer and a buyer with a frame agreement over ten tonnes."""

    def __init__(self, ledger: Ledger, knowledge: Knowledge, settings: Settings) -> None:
        self.ledger, self.knowledge, self.settings = ledger, knowledge, settings
        with ledger.transaction() as session:
            self.seller, self.buyer = party(session, "producer"), party(session, "buyer", "Chợ đầu mối")
            self.operator, self.stranger = party(session, "operator"), party(session, "buyer")
        self.id = self.post(self.buyer, [self.seller, self.buyer])

    def post(self, by: Party, sides: list[Party], kind: str = "frame", **other: Any) -> UUID:
        goods = {
            "crop": "custard_apple", "grade": "grade_1", "quantity_kg": {"amount": 10, "unit": "tấn"},
            "price": 30_000, "from_day": day(0), "until_day": day(60), "origin": CHI_LANG,
            "destination": HA_NOI,
        }  # fmt: skip
        said = {"kind": kind, "parties": [str(side.id) for side in sides], "goods": goods | other}
        with self.ledger.transaction() as session:
            post = FramePost.model_validate(said)
            return post_frame(session, by, post, self.knowledge, self.settings).id

    def sign(self, by: Party, frame_id: UUID | None = None) -> str:
        with self.ledger.transaction() as session:
            frame = session.get_one(Frame, frame_id or self.id)
            said = Acceptance(signer="Giám đốc", terms_hash=digest(frame.terms))
            return sign(session, frame.id, by, said, "127.0.0.1").state

    def call(self, quantity_kg: float, by: Party | None = None, first: int = 0, last: int = 3) -> UUID:
        said = {"quantity_kg": quantity_kg, "deliver_from": day(first), "deliver_until": day(last)}
        post = CallPost.model_validate(said)
        with self.ledger.transaction() as session:
            return call(session, self.id, by or self.buyer, post, self.knowledge, self.settings).id

    def read(self) -> FrameView:
        with self.ledger.transaction() as session:
            return frame_view(session, session.get_one(Frame, self.id), self.buyer)


@pytest.fixture
def season(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Season:
    return Season(ledger, knowledge, settings)


@pytest.fixture
def agreed(season: Season) -> Season:
    season.sign(season.seller)
    season.sign(season.buyer)
    return season


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


def test_no_more_is_called_than_was_agreed(agreed: Season) -> None:
    agreed.call(9_999)
    with pytest.raises(Invalid, match="1 kg of the agreement are left"):
        agreed.call(2)
    agreed.call(1)
    assert str(agreed.read().remaining_kg) == "0"


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
        ({"until_day": day(-3)}, "goods_until"),
        ({"origin": "Nơi không có"}, "place"),
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
    with pytest.raises(NotFound):
        season.post(season.operator, [season.seller, nobody])


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
