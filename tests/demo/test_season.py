"""The season file: what it promises, and that the service would take every line of it."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from demo.awkward import awkward_drafts
from demo.cases import CASES
from demo.figures import PRODUCERS, TRADES
from demo.make_season import season_text
from demo.season import SEASON_FILE, Post, Season, read_season
from matcher.book.demands import DemandPost
from matcher.book.lots import LotPost
from matcher.clock import today
from matcher.fields import Amount
from matcher.knowledge import Knowledge

TOMORROW = today() + timedelta(days=1)


@pytest.fixture(scope="module")
def season() -> Season:
    return read_season()


def bodies(season: Season) -> list[tuple[Post, dict[str, Any]]]:
    """Every lot and demand as it would be posted for tomorrow."""
    return [
        (post, post.body_from(season, TOMORROW)) for post in season.posts if post.kind in ("lot", "demand")
    ]


def parsed(post: Post, body: dict[str, Any]) -> LotPost | DemandPost:
    return LotPost.model_validate(body) if post.kind == "lot" else DemandPost.model_validate(body)


def test_the_generator_writes_the_season_file_byte_for_byte() -> None:
    assert season_text().encode() == SEASON_FILE.read_bytes()


def test_the_week_is_that_of_the_conference(season: Season) -> None:
    assert (season.first_day, season.last_day) == (date(2020, 8, 17), date(2020, 8, 23))
    assert season.first_day <= date(2020, 8, 21) <= season.last_day
    assert season.sources


def test_there_are_lots_and_demands_enough(season: Season) -> None:
    assert len(list(season.orders("lot"))) >= 300
    assert len(list(season.orders("demand"))) >= 120
    kinds = Counter(party.profile.kind for party in season.parties.values())
    assert kinds["producer"] >= 25
    assert kinds["buyer"] >= 15


def test_most_lots_are_custard_apple_of_chi_lang_and_huu_lung(season: Season) -> None:
    lots = list(season.orders("lot"))
    custard_apple = [lot for lot in lots if lot.body["crop"] == "custard_apple"]
    assert len(custard_apple) > len(lots) / 2
    assert {lot.district for lot in custard_apple} == {"Chi Lăng", "Hữu Lũng"}
    crops = {lot.body["crop"] for lot in lots}
    assert {"longan", "dragon_fruit", "bo_khai", "star_anise", "black_jelly_powder"} <= crops


def test_every_awkward_case_is_there_several_times(season: Season) -> None:
    counts = Counter(post.case for post in season.posts if post.case is not None)
    assert counts.keys() == CASES.keys()
    assert min(counts.values()) >= 3
    assert sum(counts.values()) >= 50
    assert Counter(post.kind for post in season.posts if post.of).keys() == {
        "amend_lot", "amend_demand", "withdraw_lot", "withdraw_demand"
    }  # fmt: skip


def test_places_are_given_in_every_form(season: Season) -> None:
    forms = Counter(_form(lot.body["place"]) for lot in season.orders("lot"))
    assert forms.keys() == {"name", "legacy", "2025", "coordinate"}
    assert min(forms.values()) >= 40


def _form(place: str | dict[str, Any]) -> str:
    if isinstance(place, str):
        return "name"
    return str(place.get("vintage", "coordinate"))


def test_posts_come_in_order_of_time_and_after_what_they_are_about(season: Season) -> None:
    assert [post.at for post in season.posts] == sorted(post.at for post in season.posts)
    by_key: dict[str, Post] = {}
    for post in season.posts:
        assert post.key not in by_key
        assert post.at.date() <= season.last_day
        if post.of is not None:
            assert post.kind.endswith(f"_{by_key[post.of].kind}")
            assert post.party == by_key[post.of].party
        by_key[post.key] = post


def test_every_post_is_by_a_party_that_may_post_it(season: Season) -> None:
    for post in season.posts:
        party = season.parties[post.party]
        assert party.profile.kind == ("producer" if post.kind.endswith("lot") else "buyer")
        if post.kind == "lot":
            assert post.district == party.district


def test_districts_are_those_of_lang_son_before_2025(season: Season, knowledge: Knowledge) -> None:
    known = {
        place.name.removeprefix("Huyện ")
        for place in knowledge.places.all
        if place.kind == "district" and place.province == "Tỉnh Lạng Sơn"
    }
    of_producers = {party.district for party in season.parties.values() if party.profile.kind == "producer"}
    assert of_producers <= known
    assert len(of_producers) >= 9


def test_moving_the_season_moves_every_day_by_as_much(season: Season) -> None:
    for post in season.posts:
        moved = str(post.body_from(season, season.first_day + timedelta(days=365)))
        assert "2020-08" not in moved
        assert post.body_from(season, season.first_day) == post.body


def test_every_body_is_one_the_service_takes(season: Season, knowledge: Knowledge) -> None:
    for post, body in bodies(season):
        order = parsed(post, body)
        crop = knowledge.catalogue.crop(order.crop)
        grade = order.grade if isinstance(order, LotPost) else order.min_grade
        assert grade in crop.grade_keys, post.key
        for amount in amounts(order):
            grams = amount.amount * crop.kilograms(amount.unit) * 1000
            assert grams == grams.to_integral_value(), post.key
        assert set(varieties(order)) <= set(crop.variety_keys), post.key
        assert set(schemes(order)) <= set(knowledge.catalogue.certificates), post.key


def amounts(order: LotPost | DemandPost) -> list[Amount]:
    values = (getattr(order, name) for name in type(order).model_fields)
    return [value for value in values if isinstance(value, Amount)]


def varieties(order: LotPost | DemandPost) -> list[str]:
    if isinstance(order, DemandPost):
        return order.varieties
    return [] if order.variety is None else [order.variety]


def schemes(order: LotPost | DemandPost) -> list[str]:
    if isinstance(order, DemandPost):
        return order.certificates_required
    return [certificate.scheme for certificate in order.certificates]


def test_every_place_is_known(season: Season, knowledge: Knowledge) -> None:
    places = knowledge.places
    for post, body in bodies(season):
        place = parsed(post, body).place
        if place.code is not None and place.vintage is not None:
            province = places.by_code(place.code, place.vintage).province
        elif place.name is not None:
            province = places.resolve(place.name).province
        else:
            assert place.latitude is not None, post.key
            continue
        assert (province == "Tỉnh Lạng Sơn") == (post.kind == "lot"), post.key


def test_a_producers_communes_lie_in_its_district(knowledge: Knowledge) -> None:
    for producer in PRODUCERS:
        for commune in producer.communes:
            place = knowledge.places.by_code(commune.code, "legacy")
            assert place.full_name == commune.name
            assert place.district is not None
            assert place.district.removeprefix("Huyện ") == producer.district
            assert abs(place.latitude - commune.latitude) < 0.001
            assert abs(place.longitude - commune.longitude) < 0.001
            assert commune.code_2025 in place.successors


def test_every_order_is_still_of_use_when_the_season_starts_tomorrow(
    season: Season, knowledge: Knowledge
) -> None:
    for post, body in bodies(season):
        order = parsed(post, body)
        if isinstance(order, DemandPost):
            assert order.deliver_from >= TOMORROW
            continue
        life = knowledge.catalogue.crop(order.crop).shelf_life_days[order.storage]
        assert order.harvest_until + timedelta(days=life) >= TOMORROW, post.key


def test_each_crop_is_in_season_in_august(season: Season, knowledge: Knowledge) -> None:
    for crop in {post.body["crop"] for post in season.orders("lot")}:
        assert 8 in knowledge.catalogue.crop(crop).season.months, crop


def test_the_shares_of_the_grades_make_a_hundred() -> None:
    for trade in TRADES:
        assert sum(grade.share for grade in trade.grades) == 100, trade.crop


def test_what_is_withdrawn_or_amended_is_so_by_its_own_party() -> None:
    changes = [draft for draft in awkward_drafts() if draft.about is not None]
    assert len(changes) >= 7
    for change in changes:
        assert change.about is not None
        assert change.at > change.about.at


def test_a_line_that_is_no_json_is_named(tmp_path: Any) -> None:
    path = tmp_path / "season.jsonl"
    path.write_text('{"season": "x"}\n{not json\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"season\.jsonl:2"):
        read_season(path)
