"""The page of an order opens from the link in its notices, and says how it stands in words."""

import dataclasses
from datetime import UTC, datetime
from html import unescape
from re import findall

import httpx
import pytest
from sqlalchemy import select, update

from config.settings import Settings
from matcher.book.orders import withdraw
from matcher.book.page_link import order_page_path
from matcher.contracts.life import decline
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Contract, Demand, Event, Lot, Party
from matcher.trading.clear import clear
from matcher.trading.tell_owners import tell_owners
from tests.api.conftest import Api
from tests.market import demand, lot, party

SELLER, BUYER = "Hợp tác xã Chi Lăng", "Chợ đầu mối Hà Nội"


@dataclasses.dataclass(frozen=True)
class Market:
    """One lot, one demand and their pages."""

    ledger: Ledger
    knowledge: Knowledge
    settings: Settings
    lot: Lot
    demand: Demand

    def clear(self, hold_minutes: int = 0) -> None:
        crop = self.knowledge.catalogue.crop("custard_apple").model_copy(
            update={"hold_minutes": hold_minutes}
        )
        crops = dict(self.knowledge.catalogue.crops) | {crop.key: crop}
        catalogue = dataclasses.replace(self.knowledge.catalogue, crops=crops)
        with self.ledger.transaction() as session:
            clear(session, crop.key, dataclasses.replace(self.knowledge, catalogue=catalogue), self.settings)


@pytest.fixture
def market(ledger: Ledger, knowledge: Knowledge, settings: Settings) -> Market:
    with ledger.transaction() as session:
        seller = party(session, "producer", SELLER, email="htx@example.vn")
        buyer = party(session, "buyer", BUYER, email="mua@example.vn", language="en")
        offered = lot(session, seller, knowledge, quantity_kg="1250.5", ask=21_357)
        wanted = demand(session, buyer, knowledge, quantity_kg=600, bid=43_219)
    return Market(ledger, knowledge, settings, offered, wanted)


def page_of(api: Api, order: Lot | Demand, query: str = "") -> httpx.Response:
    answer = api.get(f"{order_page_path(order)}{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer


def said(page: httpx.Response) -> str:
    """Its words, one space between each."""
    return " ".join(unescape(page.text.partition("<body>")[2]).split())


def test_the_link_in_a_notice_opens_the_page_without_a_key(
    api: Api, market: Market, knowledge: Knowledge, ledger: Ledger
) -> None:
    with ledger.transaction() as session:
        tell_owners(session, knowledge.catalogue)
    with ledger.transaction() as session:
        paths = session.scalars(select(Event.data["order_page"].astext)).all()
    assert sorted(paths) == sorted([order_page_path(market.lot), order_page_path(market.demand)])
    for path in paths:
        answer = api.get(path)
        assert answer.status_code == 200
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert "src=" not in answer.text, "nothing more is fetched"


def test_it_is_in_its_owners_language_or_the_one_that_is_asked_for(api: Api, market: Market) -> None:
    assert "<title>Lô hàng: Na, 1.250,5 kg</title>" in page_of(api, market.lot).text
    assert "<title>Demand: Custard apple, 600 kg</title>" in page_of(api, market.demand).text
    in_english = page_of(api, market.lot, "?language=en")
    assert "<title>Lot: Custard apple, 1,250.5 kg</title>" in in_english.text
    assert "21,357 đ/kg" in in_english.text
    assert "?language=vi" in in_english.text


def test_before_its_first_clearing_it_says_that_its_turn_is_to_come(api: Api, market: Market) -> None:
    assert "Chưa đến lượt khớp lệnh" in said(page_of(api, market.lot))


def test_an_outlook_has_quantity_price_and_distance_but_nothing_of_who_it_is(
    api: Api, market: Market
) -> None:
    market.clear(hold_minutes=60)
    seen = said(page_of(api, market.demand))
    assert "Outlook" in seen
    assert "600 kg" in seen
    assert findall(r"Distance</th><td>\d+ km", seen)
    for theirs in (SELLER, "htx@example.vn", "21,357", "1,250.5", market.lot.page_key, str(market.lot.id)):
        assert theirs not in page_of(api, market.demand).text


def test_a_contract_is_listed_with_its_state_and_its_page_opens(api: Api, market: Market) -> None:
    market.clear()
    for order in (market.lot, market.demand):
        page = page_of(api, order)
        (link,) = findall(r'href="(/c/[^"]+)"', page.text)
        assert api.get(link).status_code == 200
    assert findall(
        r"waits for both sides, until \d\d/\d\d/\d{4} \d\d:\d\d", said(page_of(api, market.demand))
    )
    seen = said(page_of(api, market.lot))
    assert "650,5 kg" in seen, "what is left of the lot"
    assert "cho phần còn lại thì chưa có ai" in seen
    with market.ledger.transaction() as session:
        buyer = session.get_one(Party, market.demand.party_id)
        decline(session, session.scalars(select(Contract.id)).one(), buyer, "Giá đã đổi")
    assert "đã bị từ chối" in said(page_of(api, market.lot))


def test_contracts_of_others_are_not_on_it(api: Api, market: Market) -> None:
    with market.ledger.transaction() as session:
        other = demand(session, party(session, "buyer", "Siêu thị khác"), market.knowledge, quantity_kg=300)
    market.clear()
    assert len(findall(r'href="/c/', page_of(api, market.lot).text)) == 2
    (mine,) = findall(r'href="(/c/[^"]+)"', page_of(api, market.demand).text)
    (theirs,) = findall(r'href="(/c/[^"]+)"', page_of(api, other).text)
    assert mine != theirs
    assert "Siêu thị khác" not in page_of(api, market.demand).text


def test_it_says_why_it_is_not_matched_and_what_would_do(
    api: Api, ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        dear = lot(session, party(session, "producer"), knowledge, ask=45_000)
        wanted = demand(session, party(session, "buyer"), knowledge, bid=43_219)
    Market(ledger, knowledge, settings, dear, wanted).clear()
    seen = said(page_of(api, dear))
    assert "Chưa có nhu cầu mua nào phù hợp." in seen
    assert "giá chưa gặp nhau (1 trên 1)" in seen
    assert "hạ giá chào" in seen
    assert "43.219" not in seen, "what the other side bids is its own affair"


def test_a_price_that_trades_stands_apart_from_changes_that_only_make_one_more_possible(
    api: Api, ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        offered = lot(session, seller, knowledge, ask=20_000)
        lot(session, seller, knowledge, ask=31_000, grade="grade_2")
        demand(session, buyer, knowledge, bid=40_000)
        outbidden = demand(session, buyer, knowledge, bid=30_000, min_grade="grade_2")
        lot(session, seller, knowledge, ask=20_000, grade="grade_3", quantity_kg=10)
    Market(ledger, knowledge, settings, offered, outbidden).clear()
    trade, _, more = said(page_of(api, outbidden)).partition("Sẽ có thêm một nơi phù hợp")
    assert "nâng giá mua" in trade.partition("Sẽ khớp được nếu")[2]
    assert "nhận Loại 3" in more
    assert "nâng giá mua" not in more


def test_without_anybody_on_the_other_side_it_says_so(
    api: Api, ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        alone = demand(session, party(session, "buyer"), knowledge)
        withdrawn = lot(session, party(session, "producer"), knowledge)
        withdraw(session, Lot, withdrawn.id, session.get_one(Party, withdrawn.party_id))
    Market(ledger, knowledge, settings, withdrawn, alone).clear()
    assert "Hiện chưa có ai bán nông sản này." in said(page_of(api, alone))
    assert "Đã được rút" in said(page_of(api, withdrawn))
    assert "Vì sao" not in said(page_of(api, withdrawn))


def test_what_a_party_wrote_is_text_on_it_and_no_markup(
    api: Api, ledger: Ledger, knowledge: Knowledge
) -> None:
    place = {"name": "<script>alert(1)</script>", "latitude": 21.6, "longitude": 106.5}
    with ledger.transaction() as session:
        offered = lot(session, party(session, "producer"), knowledge, place=place)
    page = page_of(api, offered)
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_a_link_that_is_none_of_ours_opens_nothing(api: Api, market: Market) -> None:
    for key in ("x", str(market.lot.id), market.lot.page_key[:-1], market.lot.page_key + "A", "%00", "a b"):
        assert api.get(f"/o/{key}").status_code == 404


def test_only_the_owner_and_operators_are_told_the_link_by_key(api: Api, market: Market) -> None:
    stranger, operator = api.as_new("producer"), api.as_new("operator")
    path = f"/v1/lots/{market.lot.id}"
    assert api.get(path, headers=stranger).status_code == 404
    assert api.get(path, headers=operator).json()["page"] == order_page_path(market.lot)


def test_a_crop_that_has_left_the_catalogue_is_shown_by_its_key(api: Api, market: Market) -> None:
    with market.ledger.transaction() as session:
        session.get_one(Lot, market.lot.id).crop = "forgotten_fruit"
    assert "forgotten_fruit" in page_of(api, market.lot).text


def test_instants_are_of_the_day_in_viet_nam_and_written_as_in_contracts(
    api: Api, market: Market, ledger: Ledger
) -> None:
    with ledger.transaction() as session:
        posted_at = datetime(2020, 8, 21, 17, 30, tzinfo=UTC)
        session.execute(update(Lot).where(Lot.id == market.lot.id).values(posted_at=posted_at))
    assert "22/08/2020 00:30" in said(page_of(api, market.lot))


def test_it_says_that_a_minimum_is_in_the_way(
    api: Api, ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        packed = lot(session, party(session, "producer"), knowledge, quantity_kg=90, multiple_kg=30)
        wanted = demand(session, party(session, "buyer"), knowledge, quantity_kg=20)
    Market(ledger, knowledge, settings, packed, wanted).clear()
    seen = said(page_of(api, packed, "?language=en"))
    assert "a smallest part, or a packing unit (1 of 1)" in seen
    assert "pack in units of 20 kg" in seen
    assert "mua thêm 10 kg" in said(page_of(api, wanted, "?language=vi"))


def test_it_says_that_no_further_seller_may_come(
    api: Api, ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    with ledger.transaction() as session:
        offered = lot(session, party(session, "producer"), knowledge, quantity_kg=100)
        wanted = demand(session, party(session, "buyer"), knowledge, quantity_kg=500, max_sellers=1)
    Market(ledger, knowledge, settings, offered, wanted).clear()
    seen = said(page_of(api, wanted, "?language=en"))
    assert "As many sellers as it allows have come" in seen
    assert "allow one seller more" in seen
    assert "Đã đủ số lô bên bán tối đa" in said(page_of(api, wanted, "?language=vi"))
