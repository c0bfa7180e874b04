import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from matcher.errors import Invalid
from matcher.places import Place, distance_metres, load_places
from matcher.text import fold

PLACES = load_places(Settings().config_folder)
XA_CHI_LANG = PLACES.by_code("06463", "2025")
HA_NOI = (21.0285, 105.8542)  # Hoàn Kiếm
some_place = st.sampled_from(PLACES.all)
latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


def test_both_vintages_are_whole() -> None:
    count: dict[tuple[str, str], int] = {}
    for place in PLACES.all:
        count[place.vintage, place.kind] = count.get((place.vintage, place.kind), 0) + 1
    assert count["2025", "province"] == 34
    assert count["2025", "commune"] == 3321
    assert count["legacy", "province"] == 63
    assert count["legacy", "commune"] == 10035
    assert count["legacy", "district"] == 696
    assert ("2025", "district") not in count


def test_a_code_means_what_its_vintage_says() -> None:
    assert XA_CHI_LANG.full_name == "Xã Chi Lăng, Tỉnh Lạng Sơn"
    assert PLACES.by_code("06463", "legacy").full_name == "Thị trấn Đồng Mỏ, Huyện Chi Lăng, Tỉnh Lạng Sơn"


def test_a_code_without_its_vintage_is_refused_and_both_meanings_are_named() -> None:
    with pytest.raises(Invalid) as caught:
        PLACES.refuse_code_without_vintage("06463", "place.vintage")
    (fault,) = caught.value.faults
    assert fault.path == "place.vintage"
    assert "Xã Chi Lăng, Tỉnh Lạng Sơn (vintage 2025)" in fault.remedy
    assert "Thị trấn Đồng Mỏ, Huyện Chi Lăng, Tỉnh Lạng Sơn (vintage legacy)" in fault.remedy


def test_a_code_of_the_other_vintage_is_refused_and_its_meaning_named() -> None:
    with pytest.raises(Invalid) as caught:
        PLACES.by_code("06523", "2025")
    assert "Xã Chi Lăng, Huyện Chi Lăng, Tỉnh Lạng Sơn (vintage legacy)" in caught.value.faults[0].remedy


def test_a_legacy_commune_knows_what_it_became() -> None:
    assert PLACES.by_code("06523", "legacy").successors == ("06463",)
    for place in PLACES.all:
        if place.vintage == "legacy" and place.kind == "commune":
            assert place.successors


def test_every_place_is_found_first_by_its_full_name() -> None:
    lost = [place for place in PLACES.all if PLACES.search(place.full_name, 1) != [place]]
    # The old provinces that kept their name give way to today's.
    assert {(place.vintage, place.kind) for place in lost} == {("legacy", "province")}
    assert len(lost) == 34


@given(some_place, st.sampled_from([str, str.upper, str.lower, fold, str.swapcase]), st.booleans())
def test_case_and_diacritics_do_not_matter(place: Place, typed: type[str], bare: bool) -> None:
    name = place.full_name if bare else place.full_name.replace(", ", " ,  ")
    text = ",".join(typed(part) for part in name.split(","))
    found = PLACES.search(text, 60)
    assert place in found


@given(some_place)
def test_the_type_word_may_be_left_out(place: Place) -> None:
    short = fold(place.name.removeprefix(place.name.split()[0]))
    if place.name.split()[0] in ("Xã", "Phường", "Tỉnh", "Huyện", "Quận"):
        assert place in PLACES.search(f"{short}, {place.province}", 100)


@given(st.text(max_size=40), st.integers(-1, 20))
def test_whatever_is_typed_gets_at_most_the_limit_and_nothing_twice(text: str, limit: int) -> None:
    found = PLACES.search(text, limit)
    assert len(found) <= max(limit, 0)
    assert len(set(found)) == len(found)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_resolved_or_refused_with_a_remedy(text: str) -> None:
    try:
        found = PLACES.resolve(text)
    except Invalid as refusal:
        remedy = refusal.faults[0].remedy
    else:
        remedy = "none needed"
        assert PLACES.search(text, 1) == [found]
    assert remedy


def test_exact_names_come_first_then_beginnings_and_today_before_legacy() -> None:
    found = PLACES.search("chi lang, lang son", 10)
    assert found[0] == XA_CHI_LANG
    assert all(place.vintage == "legacy" for place in found[1:])
    beginnings = PLACES.search("Hữu L, Lạng Sơn", 3)
    assert [place.name for place in beginnings] == ["Xã Hữu Liên", "Xã Hữu Lũng", "Xã Hữu Lân"]


@pytest.mark.parametrize(
    ("text", "full_name", "vintage"),
    [
        ("Chi Lăng, Lạng Sơn", "Xã Chi Lăng, Tỉnh Lạng Sơn", "2025"),
        ("xa chi lang, tinh lang son, viet nam", "Xã Chi Lăng, Tỉnh Lạng Sơn", "2025"),
        ("X. Chi Lăng, T. Lạng Sơn", "Xã Chi Lăng, Tỉnh Lạng Sơn", "2025"),
        ("TT. Chi Lăng", "Thị trấn Chi Lăng, Huyện Chi Lăng, Tỉnh Lạng Sơn", "legacy"),
        ("Huyện Hữu Lũng", "Huyện Hữu Lũng, Tỉnh Lạng Sơn", "legacy"),
        ("Hữu Lũng", "Xã Hữu Lũng, Tỉnh Lạng Sơn", "2025"),
        ("Đồng Mỏ", "Thị trấn Đồng Mỏ, Huyện Chi Lăng, Tỉnh Lạng Sơn", "legacy"),
        ("Hà Nội", "Thành phố Hà Nội", "2025"),
        ("HN", "Thành phố Hà Nội", "2025"),
        ("TP.HCM", "Thành phố Hồ Chí Minh", "2025"),
        ("Quận 1, TPHCM", "Quận 1, Thành phố Hồ Chí Minh", "legacy"),
        ("Quan Sơn, Lạng Sơn", "Xã Quan Sơn, Tỉnh Lạng Sơn", "2025"),
        ("Cư M'gar, Đắk Lắk", "Xã Cư M’gar, Tỉnh Đắk Lắk", "2025"),
    ],
)
def test_what_people_write_is_resolved(text: str, full_name: str, vintage: str) -> None:
    place = PLACES.resolve(text)
    assert (place.full_name.replace("'", "’"), place.vintage) == (full_name, vintage)


def test_a_name_of_several_places_is_refused_and_they_are_named() -> None:
    with pytest.raises(Invalid) as caught:
        PLACES.resolve("Chi Lăng", "lot.place")
    (fault,) = caught.value.faults
    assert fault.path == "lot.place"
    assert "could be 3 places" in fault.message
    assert "Xã Chi Lăng, Tỉnh Lạng Sơn" in fault.remedy
    assert "Phường Chi Lăng, Tỉnh An Giang" in fault.remedy


def test_the_diacritics_typed_come_before_the_vintage() -> None:
    bare, typed = PLACES.search("tan thanh, lang son", 1), PLACES.search("Tân Thanh, Lạng Sơn", 1)
    assert [(place.name, place.vintage) for place in bare] == [("Xã Tân Thành", "2025")]
    assert [(place.name, place.vintage) for place in typed] == [("Xã Tân Thanh", "legacy")]


def test_the_tone_may_be_written_on_either_vowel() -> None:
    assert PLACES.search("Hoà Bình", 5) == PLACES.search("Hòa Bình", 5)


def test_an_unknown_name_is_refused_with_near_names_or_the_form_to_write() -> None:
    with pytest.raises(Invalid) as caught:
        PLACES.resolve("Hữu Lũ")
    assert "did you mean: Xã Hữu Lũng, Tỉnh Lạng Sơn" in caught.value.faults[0].remedy
    with pytest.raises(Invalid) as caught:
        PLACES.resolve("Atlantis")
    assert "Chi Lăng, Lạng Sơn" in caught.value.faults[0].remedy


def test_great_circles_agree_with_the_known_distances() -> None:
    huu_lung = PLACES.by_code("06385", "2025")
    chi_lang_km = distance_metres(XA_CHI_LANG.latitude, XA_CHI_LANG.longitude, *HA_NOI) / 1000
    huu_lung_km = distance_metres(huu_lung.latitude, huu_lung.longitude, *HA_NOI) / 1000
    assert (round(chi_lang_km, 1), round(huu_lung_km, 1)) == (96.5, 75.8)
    assert distance_metres(0, 0, 0, 180) == distance_metres(90, 0, -90, 0) == 20_015_114


@given(latitudes, longitudes, latitudes, longitudes)
def test_a_distance_is_the_same_both_ways_and_at_most_half_round(
    latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float
) -> None:
    there = distance_metres(latitude_a, longitude_a, latitude_b, longitude_b)
    assert there == distance_metres(latitude_b, longitude_b, latitude_a, longitude_a)
    assert 0 <= there <= 20_015_114
    assert distance_metres(latitude_a, longitude_a, latitude_a, longitude_a) == 0


def test_no_commune_lies_far_from_what_it_became() -> None:
    far = []
    for place in PLACES.all:
        nearest = min(
            (
                distance_metres(place.latitude, place.longitude, after.latitude, after.longitude)
                for after in (PLACES.by_code(code, "2025") for code in place.successors)
            ),
            default=0,
        )
        if nearest > 60_000:
            far.append(place.full_name)
    assert far == []


def test_a_commune_knows_what_it_was_made_of_and_an_old_one_what_it_became() -> None:
    made_of = {place.full_name for place in PLACES.counterparts("06463", "2025")}
    assert "Thị trấn Đồng Mỏ, Huyện Chi Lăng, Tỉnh Lạng Sơn" in made_of
    assert len(made_of) == 3
    assert list(PLACES.counterparts("06523", "legacy")) == [XA_CHI_LANG]
    assert list(PLACES.counterparts("01", "2025")) == list(PLACES.counterparts("99999", "legacy")) == []
