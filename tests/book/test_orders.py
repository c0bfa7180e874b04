"""What may happen to an order between its posting and its end."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from config.settings import Settings
from matcher.book.demands import amend_demand, demand_view
from matcher.book.lots import LotPost, amend_lot, lot_view, post_lot
from matcher.book.orders import expire, get_order, list_orders, withdraw
from matcher.clock import day_of, today
from matcher.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from matcher.knowledge import Knowledge
from matcher.store.session import Ledger
from matcher.store.tables import Demand, Lot, Party
from matcher.trading.clear import clear
from tests.market import CHI_LANG, HA_NOI, day, demand, demand_body, lot, lot_body, party

WHOLE_LOT = lot_body(
    variety="na_dai", quantity_kg="1250.125", min_take_kg=50, multiple_kg={"amount": 2, "unit": "crate"},
    storage="cool", ocop_stars=4, growing_area_code="VN-LSOR-0123", forecast=True,
    certificates=[{"scheme": "vietgap", "number": "VG-1", "valid_from": day(-9), "valid_until": day(90)}],
)  # fmt: skip
WHOLE_DEMAND = demand_body(
    varieties=["na_dai", "na_bo"], quantity_kg={"amount": "1.5", "unit": "tấn"}, min_fill_kg=600,
    min_take_kg="12.5", max_sellers=3, max_distance_km=400, certificates_required=["vietgap"],
    min_ocop_stars=3, min_shelf_life_days=2,
)  # fmt: skip


def sell(ledger: Ledger, knowledge: Knowledge, settings: Settings, kilograms: int) -> tuple[Party, Lot]:
    """A producer and its lot of 1,000 kg, of which so many are matched."""
    with ledger.transaction() as session:
        seller = party(session, "producer")
        posted = lot(session, seller, knowledge)
        demand(session, party(session, "buyer"), knowledge, quantity_kg=kilograms)
    with ledger.transaction() as session:
        clear(session, "custard_apple", knowledge, settings)
    return seller, posted


def test_every_field_of_a_lot_is_kept_as_posted(ledger: Ledger, knowledge: Knowledge) -> None:
    with ledger.transaction() as session:
        seller = party(session, "producer")
        posted = post_lot(session, seller, LotPost.model_validate(WHOLE_LOT), knowledge)
    with ledger.transaction() as session:
        view = lot_view(get_order(session, Lot, posted.id, seller)).model_dump(mode="json")
    in_kilograms = {"quantity_kg": "1250.125", "min_take_kg": "50", "multiple_kg": "40"}
    assert view == view | WHOLE_LOT | in_kilograms | {"place": view["place"]}
    assert view["place"] == view["place"] | CHI_LANG
    assert (view["state"], view["version"]) == ("open", 1)
    assert (view["taken_kg"], view["remaining_kg"]) == ("0", "1250.125")
    assert view["expires_on"] == day(3 + knowledge.catalogue.crop("custard_apple").shelf_life_days["cool"])


def test_every_field_of_a_demand_is_kept_as_posted(ledger: Ledger, knowledge: Knowledge) -> None:
    with ledger.transaction() as session:
        buyer = party(session, "buyer")
        posted = demand(session, buyer, knowledge, **WHOLE_DEMAND)
    with ledger.transaction() as session:
        view = demand_view(get_order(session, Demand, posted.id, buyer)).model_dump(mode="json")
    in_kilograms = {"quantity_kg": "1500", "min_fill_kg": "600"}
    assert view == view | WHOLE_DEMAND | in_kilograms | {"place": view["place"]}
    assert view["place"] == view["place"] | HA_NOI
    assert (view["market"], view["expires_on"], view["quarantine"]) == ("VN", day(3), None)


def test_an_amendment_changes_what_it_names_and_nothing_else(ledger: Ledger, knowledge: Knowledge) -> None:
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        offered = post_lot(session, seller, LotPost.model_validate(WHOLE_LOT), knowledge)
        wanted = demand(session, buyer, knowledge, **WHOLE_DEMAND)
        before = lot_view(offered), demand_view(wanted)
    with ledger.transaction() as session:
        amended = (
            lot_view(amend_lot(session, seller, offered.id, {"ask": 21_000}, 1, knowledge)),
            demand_view(amend_demand(session, buyer, wanted.id, {"max_sellers": None}, 1, knowledge)),
        )
    assert amended[0] == before[0].model_copy(update={"ask": 21_000, "version": 2})
    assert amended[1] == before[1].model_copy(update={"max_sellers": None, "version": 2})


def test_null_gives_a_field_back_its_default_and_is_refused_where_there_is_none(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        seller = party(session, "producer")
        posted = lot(session, seller, knowledge)
        plain = lot_view(posted)
        full = post_lot(session, seller, LotPost.model_validate(WHOLE_LOT), knowledge)
        may_be_left_out = {
            name
            for name, field in LotPost.model_fields.items()
            if not field.is_required() and name != "forecast"
        }
        nulls = dict.fromkeys(may_be_left_out)
        seen = lot_view(amend_lot(session, seller, full.id, nulls, None, knowledge))
        assert {name: getattr(seen, name) for name in may_be_left_out} == {
            name: getattr(plain, name) for name in may_be_left_out
        }
    for name in ("ask", "place", "price"):
        with pytest.raises(Invalid) as refused, ledger.transaction() as session:
            amend_lot(session, seller, posted.id, {name: None}, None, knowledge)
        assert [fault.path for fault in refused.value.faults] == [name]


def test_an_amendment_is_checked_like_a_post_and_a_wrong_one_leaves_all_as_it_was(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    wrong: list[dict[str, Any]] = [
        {"quantity_kg": -1}, {"quantity_kg": "0.0005"}, {"grade": "best"}, {"variety": "na_thai"},
        {"price": 5}, {"harvest_until": day(-1)}, {"crop": "longan"}, {"crop": "durian"}, {"ask": 1.5},
        {"min_take_kg": 2000}, {"multiple_kg": 0}, {"place": {"code": "06463"}}, {"certificates": [{}]},
    ]  # fmt: skip
    with ledger.transaction() as session:
        seller = party(session, "producer")
        posted = lot(session, seller, knowledge)
    for changes in wrong:
        with pytest.raises(Invalid) as refused, ledger.transaction() as session:
            amend_lot(session, seller, posted.id, changes, None, knowledge)
        (field,) = changes
        assert any(fault.path.startswith(field) for fault in refused.value.faults), (changes, refused.value)
    with ledger.transaction() as session:
        assert lot_view(session.get_one(Lot, posted.id)) == lot_view(posted)


def test_an_order_cannot_shrink_below_what_is_matched_and_is_filled_when_it_shrinks_to_it(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    seller, sold = sell(ledger, knowledge, settings, 600)
    with pytest.raises(Invalid, match="600 kg of it are already matched"), ledger.transaction() as session:
        amend_lot(session, seller, sold.id, {"quantity_kg": "599.999"}, None, knowledge)
    with ledger.transaction() as session:
        view = lot_view(amend_lot(session, seller, sold.id, {"quantity_kg": 600}, None, knowledge))
    assert (view.state, view.taken_kg, view.remaining_kg) == ("filled", Decimal(600), Decimal(0))
    with pytest.raises(Conflict, match="is filled"), ledger.transaction() as session:
        amend_lot(session, seller, sold.id, {"quantity_kg": 5000}, None, knowledge)


def test_a_version_that_has_passed_is_refused_and_a_clearing_passes_it_too(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    seller, sold = sell(ledger, knowledge, settings, 600)
    with pytest.raises(StaleVersion, match="now 2"), ledger.transaction() as session:
        amend_lot(session, seller, sold.id, {"ask": 1}, sold.version, knowledge)
    with ledger.transaction() as session:
        assert amend_lot(session, seller, sold.id, {"ask": 19_000}, 2, knowledge).version == 3


def test_what_is_withdrawn_keeps_its_matches_and_offers_nothing_more(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    seller, sold = sell(ledger, knowledge, settings, 600)
    with ledger.transaction() as session:
        assert withdraw(session, Lot, sold.id, seller).state == "withdrawn"
        demand(session, party(session, "buyer"), knowledge)
    with ledger.transaction() as session:
        written = clear(session, "custard_apple", knowledge, settings)
        assert written is not None
        assert (written.lots, written.matches) == (0, 0)
    with pytest.raises(Conflict, match="is withdrawn"), ledger.transaction() as session:
        withdraw(session, Lot, sold.id, seller)
    with ledger.transaction() as session:
        assert lot_view(session.get_one(Lot, sold.id)).taken_kg == 600


def test_what_is_another_partys_is_not_found_whatever_is_tried(ledger: Ledger, knowledge: Knowledge) -> None:
    with ledger.transaction() as session:
        seller, other, operator = (party(session, kind) for kind in ("producer", "producer", "operator"))
        posted = lot(session, seller, knowledge)
    with ledger.transaction() as session:
        tried = (
            lambda: get_order(session, Lot, posted.id, other),
            lambda: amend_lot(session, other, posted.id, {"ask": 1}, None, knowledge),
            lambda: withdraw(session, Lot, posted.id, other),
            lambda: withdraw(session, Lot, posted.id, operator),
            lambda: get_order(session, Demand, posted.id, seller),
            lambda: get_order(session, Lot, uuid4(), operator),
        )
        for attempt in tried:
            with pytest.raises(NotFound):
                attempt()
        assert get_order(session, Lot, posted.id, operator).id == posted.id
        assert list_orders(session, Lot, other) == []
        assert [order.id for order in list_orders(session, Lot, operator)] == [posted.id]


def test_only_a_producer_posts_lots_and_only_a_buyer_demands(ledger: Ledger, knowledge: Knowledge) -> None:
    with ledger.transaction() as session:
        for kind in ("buyer", "operator"):
            with pytest.raises(Forbidden):
                lot(session, party(session, kind), knowledge)
        for kind in ("producer", "operator"):
            with pytest.raises(Forbidden):
                demand(session, party(session, kind), knowledge)


def test_a_list_is_newest_first_by_state_and_crop_and_goes_on_after_a_page(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        seller = party(session, "producer")
        apples = [lot(session, seller, knowledge).id for _ in range(5)]
        longan = lot(session, seller, knowledge, crop="longan").id
        withdraw(session, Lot, apples[0], seller)
    newest_first = sorted([*apples, longan], reverse=True)
    with ledger.transaction() as session:

        def listed(**asked: Any) -> list[object]:
            return [order.id for order in list_orders(session, Lot, seller, **asked)]

        assert listed() == newest_first
        assert listed(limit=2) == newest_first[:2]
        assert listed(limit=2, before=newest_first[1]) == newest_first[2:4]
        assert listed(crop="longan") == [longan]
        assert listed(state="withdrawn") == [apples[0]]
        assert listed(state="filled") == []


def test_days_turn_at_midnight_in_viet_nam() -> None:
    assert day_of(datetime(2026, 8, 21, 16, 59, 59, tzinfo=UTC)) == date(2026, 8, 21)
    assert day_of(datetime(2026, 8, 21, 17, 0, 0, tzinfo=UTC)) == date(2026, 8, 22)


def test_an_order_is_open_through_its_last_day_and_expires_the_day_after(
    ledger: Ledger, knowledge: Knowledge, settings: Settings
) -> None:
    shelf_life = knowledge.catalogue.crop("custard_apple").shelf_life_days["ambient"]
    with ledger.transaction() as session:
        seller, buyer = party(session, "producer"), party(session, "buyer")
        offered = lot(session, seller, knowledge, harvest_until=day(1))
        wanted = demand(session, buyer, knowledge, deliver_until=day(1 + shelf_life))
    last_day = today() + timedelta(days=1 + shelf_life)
    assert offered.expires_on == wanted.expires_on == last_day
    with ledger.transaction() as session:
        assert expire(session, last_day) == 0
        assert expire(session, last_day + timedelta(days=1)) == 2
        assert expire(session, last_day + timedelta(days=1)) == 0
    with ledger.transaction() as session:
        assert session.get_one(Lot, offered.id).state == "expired"
        assert session.get_one(Demand, wanted.id).state == "expired"
        written = clear(session, "custard_apple", knowledge, settings)
        assert written is not None
        assert (written.lots, written.demands) == (0, 0)
    with pytest.raises(Conflict, match="is expired"), ledger.transaction() as session:
        withdraw(session, Lot, offered.id, seller)


def test_expiring_passes_over_what_another_holds_and_takes_it_the_next_time(
    ledger: Ledger, knowledge: Knowledge
) -> None:
    with ledger.transaction() as session:
        seller = party(session, "producer")
        held, free = (lot(session, seller, knowledge).id for _ in range(2))
    yesterday = today() - timedelta(days=1)
    with ledger.transaction() as session:
        session.execute(update(Lot).values(expires_on=yesterday))
    with ledger.transaction() as other, ledger.transaction() as session:
        other.get(Lot, held, with_for_update=True)
        assert expire(session, today()) == 1
        assert session.get_one(Lot, free).state == "expired"
    with ledger.transaction() as session:
        assert expire(session, today()) == 1
