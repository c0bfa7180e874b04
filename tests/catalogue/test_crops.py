from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from matcher.catalogue import Crop, load_catalogue
from matcher.catalogue.crops import UNITS, spellings
from matcher.errors import ConfigError, Invalid, NotFound

CATALOGUE = load_catalogue(Settings().config_folder)
CUSTARD_APPLE = CATALOGUE.crop("custard_apple")
crops = st.sampled_from(list(CATALOGUE.crops.values()))


def test_the_catalogue_knows_the_crops_of_the_conference() -> None:
    assert {"custard_apple", "star_anise", "lychee", "longan", "dragon_fruit", "mango"} <= set(
        CATALOGUE.crops
    )
    assert sum(crop.kind == "vegetable" for crop in CATALOGUE.crops.values()) >= 4
    assert sum(crop.kind == "processed" for crop in CATALOGUE.crops.values()) >= 4
    assert CUSTARD_APPLE.names.vi == "Na"
    assert CUSTARD_APPLE.variety_keys == ("na_dai", "na_bo")


def test_an_unknown_crop_is_not_found_and_the_known_are_named() -> None:
    with pytest.raises(NotFound, match=r"no crop 'durian'.*custard_apple"):
        CATALOGUE.crop("durian")


@given(crops)
def test_a_better_grade_ranks_higher(crop: Crop) -> None:
    ranks = [crop.grade_rank(key) for key in crop.grade_keys]
    assert ranks == sorted(range(len(crop.grades)), reverse=True)


def test_an_unknown_grade_is_not_found_and_the_grades_are_named() -> None:
    with pytest.raises(NotFound, match=r"no grade 'extra'.*grade_1, grade_2, grade_3"):
        CUSTARD_APPLE.grade_rank("extra")


@pytest.mark.parametrize(
    ("unit", "kilograms"),
    [
        ("kg", 1), ("KG", 1), ("KGM", 1), ("yến", 10), ("Yen", 10), ("tạ", 100), ("TẠ", 100), ("ta", 100),
        ("tấn", 1000), ("tan", 1000), ("TNE", 1000), ("tonne", 1000),
        ("sọt", 20), ("sot", 20), ("crate", 20), ("Thùng xốp", 10), ("foam_box", 10), ("foam box", 10),
    ],
)  # fmt: skip
def test_a_unit_is_known_by_code_or_name_with_or_without_diacritics(unit: str, kilograms: int) -> None:
    assert CUSTARD_APPLE.kilograms(unit) == kilograms


def test_a_unit_may_be_typed_decomposed() -> None:
    assert CUSTARD_APPLE.kilograms("ta\u0323") == 100


@given(crops, st.decimals(min_value=0, max_value=10**6, places=3))
def test_a_quantity_in_any_unit_is_a_whole_number_of_grams_when_it_has_three_decimals(
    crop: Crop, quantity: Decimal
) -> None:
    for unit in [*UNITS, *(package.key for package in crop.packages)]:
        grams = quantity * crop.kilograms(unit) * 1000
        assert grams == int(grams)


def test_ganh_is_refused_because_it_has_no_fixed_weight() -> None:
    with pytest.raises(Invalid) as caught:
        CUSTARD_APPLE.kilograms("gánh", "quantity.unit")
    (fault,) = caught.value.faults
    assert fault.path == "quantity.unit"
    assert "25 to 50 kg" in fault.message
    assert "kg, yến, tạ, tấn" in fault.remedy


def test_another_crops_package_is_refused_and_the_known_units_are_named() -> None:
    with pytest.raises(Invalid) as caught:
        CATALOGUE.crop("star_anise").kilograms("sọt")
    assert caught.value.faults[0].remedy.endswith("kg, yến, tạ, tấn, sack")


@given(crops)
def test_no_package_is_spelled_as_a_ganh_or_a_common_unit(crop: Crop) -> None:
    for package in crop.packages:
        assert not spellings(package) & {*UNITS, "ganh"}


def test_shelf_life_is_days_by_storage_and_cold_is_never_shorter() -> None:
    assert CUSTARD_APPLE.shelf_life_days == {"ambient": 3, "cool": 7}
    for crop in CATALOGUE.crops.values():
        assert crop.shelf_life_days["cool"] >= crop.shelf_life_days["ambient"]


def test_the_tariff_is_whole_numbers() -> None:
    figures = CATALOGUE.tariff.model_dump()
    assert all(type(figure) is int for figure in figures.values())
    assert figures["road_factor_percent"] == 130


def test_certificate_schemes_are_known_by_key() -> None:
    assert {"vietgap", "globalgap", "organic_vn"} <= set(CATALOGUE.certificates)


def test_a_missing_folder_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"contract\.yaml: cannot be read"):
        load_catalogue(tmp_path)
