"""Each planted fault is named with its file and line."""

import shutil
import unicodedata
from pathlib import Path

import pytest

from config.settings import Settings
from matcher.catalogue import load_catalogue
from matcher.config_check import check_config
from matcher.errors import ConfigError
from matcher.places import load_places

CONFIG = Settings().config_folder
FILES = ("crops.yaml", "gates.yaml", "tariff.yaml", "contract.yaml", "zalo.yaml", "places.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped files, of the places those of Lạng Sơn, which are soon read."""
    for name in FILES:
        shutil.copy(CONFIG / name, tmp_path / name)
    rows = (CONFIG / "places.csv").read_text("utf-8").splitlines(keepends=True)
    some = [row for row in rows if ",20,Tỉnh Lạng Sơn," in row]
    (tmp_path / "places.csv").write_text("".join([rows[0], *some]), "utf-8", newline="")
    return tmp_path


def plant(folder: Path, name: str, old: str, new: str) -> int:
    """Replaces the first `old` by `new`; gives the line on which it stood."""
    text = (folder / name).read_text("utf-8")
    position = text.index(old)
    (folder / name).write_text(text[:position] + new + text[position + len(old) :], "utf-8", newline="\n")
    return text.count("\n", 0, position) + 1


def only_fault(folder: Path) -> ConfigError:
    faults = check_config(folder)
    assert len(faults) == 1, [str(fault) for fault in faults]
    return faults[0]


def test_the_shipped_config_has_no_fault() -> None:
    assert check_config(CONFIG) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("crops.yaml", "kind: fruit", "kind: frut", "crops.0.kind: Input should be 'fruit'"),
        ("crops.yaml", 'hs: "0810.90"', "hs: 0810.90", "crops.0.hs: Input should be a valid string"),
        ("crops.yaml", "kind: fruit", "calls: [13:30]\n    kind: fruit", "calls.0: a time of day in quotes"),
        ("crops.yaml", "months: [6, 7, 8, 9]", "months: [6, 13]", "less than or equal to 12"),
        ("crops.yaml", "ambient: {days: 2,", "ambient: {day: 2, days: 2,", "ambient.day: unknown key"),
        ("crops.yaml", "cool: {days: 28,", "cool: {days: 28.5,", "valid integer"),
        ("crops.yaml", "key: lychee", "key: custard_apple", "the key 'custard_apple' is given twice"),
        ("crops.yaml", "key: lychee", "key: Lychee", "should match pattern"),
        ("crops.yaml", "key: globalgap", "key: vietgap", "the key 'vietgap' is given twice"),
        ("crops.yaml", "key: na_bo", "key: na_dai", "crops.0.varieties.1: the key 'na_dai' is given twice"),
        ("crops.yaml", "key: grade_3", "key: grade_1", "crops.0.grades.2: the key 'grade_1' is given twice"),
        ("crops.yaml", "kilograms: 20", "kilograms: 0", "greater than 0"),
        ("contract.yaml", "value: 8", "value: 108", "penalty_cap_percent: Input should be less than"),
        ("contract.yaml", "[linkage]", "[linkages]", "legal_bases.2.contracts.0: Input should be 'sale'"),
        ("contract.yaml", "doubt: where the market", "note: where the market", "place_of_contract"),
        ("gates.yaml", "status: negotiating", "status: unclear", "gates.1.status: Input should be 'open'"),
        ("gates.yaml", "until: 2022-10-31", "until: 2017-01-01", "until 2017-01-01 is before from"),
        ("gates.yaml", "[custard_apple]", "[durian]", "crops.yaml has no crop 'durian'"),
        ("gates.yaml", "market: JP", "market: KR", "'KR' is not among the markets above"),
        ("gates.yaml", "growing_area_code: true", "growing_area_code: 1", "valid boolean"),
        ("gates.yaml", "code: false}", "code: false, certificates: [gap]}", "no certificate 'gap'"),
        ("gates.yaml", "key: CN", "key: VN", "the key 'VN' is given twice"),
        ("gates.yaml", "crops: [custard_apple]", "crop: [custard_apple]", "crop: unknown key"),
        ("tariff.yaml", "value: 500", "value: 500.5", "valid integer"),
        ("tariff.yaml", "value: 500", "value: -1", "greater than or equal to 0"),
        ("tariff.yaml", "fixed_dong_per_kg", "fixed_dong", "fixed_dong: unknown key"),
    ],
)  # fmt: skip
def test_a_fault_in_yaml_is_named_with_its_line(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    line = plant(folder, name, old, new)
    faults = check_config(folder)
    hits = [fault for fault in faults if said in fault.fault and Path(fault.file).name == name]
    assert hits, [str(fault) for fault in faults]
    # A fault between two keys of an entry is shown at the entry, a few lines above.
    assert hits[0].line is not None
    assert line - 4 <= hits[0].line <= line


def test_a_value_is_shown_on_its_own_line(folder: Path) -> None:
    line = plant(folder, "crops.yaml", "kilograms: 20", "kilograms: -20")
    assert {fault.line for fault in check_config(folder)} == {line}


def test_a_fact_without_source_or_doubt_is_named(folder: Path) -> None:
    line = plant(folder, "tariff.yaml", "  doubt: a guess\n", "")
    fault = only_fault(folder)
    assert "loading_hours: needs a source, or a doubt" in fault.fault
    assert fault.line == line - 2


def test_a_crop_without_grades_is_named(folder: Path) -> None:
    line = plant(folder, "crops.yaml", "grades: &one_grade", "grades: []\n    was: &one_grade")
    messages = {fault.fault: fault.line for fault in check_config(folder)}
    wanted = "crops.13.grades: Tuple should have at least 1 item after validation, not 0"
    assert messages[wanted] == line


def test_a_package_may_not_be_spelled_as_another_unit(folder: Path) -> None:
    plant(folder, "crops.yaml", "{vi: Sọt, en: Crate}", "{vi: Tạ, en: Crate}")
    assert "crops.0.packages.1: 'ta' already means another unit" in only_faults_text(folder)


def test_gates_that_overlap_are_named_with_both_lines(folder: Path) -> None:
    line = plant(folder, "gates.yaml", "until: 2022-10-31", "until: 2022-11-01")
    fault = only_fault(folder)
    assert fault.fault.endswith(f"speaks of the same crop, market and days as line {line - 4}")
    assert fault.line is not None
    assert fault.line > line


def test_a_key_given_twice_is_named(folder: Path) -> None:
    line = plant(folder, "tariff.yaml", "  value: 500\n", "  value: 500\n  value: 600\n")
    fault = only_fault(folder)
    assert fault.fault == "the key 'value' is given twice"
    assert fault.line == line + 1


def test_decomposed_letters_are_named(folder: Path) -> None:
    line = plant(folder, "crops.yaml", "Vải thiều", unicodedata.normalize("NFD", "Vải thiều"))
    fault = only_fault(folder)
    assert "not in Unicode form NFC" in fault.fault
    assert fault.line == line


def test_a_file_that_is_no_yaml_is_named_with_the_line(folder: Path) -> None:
    line = plant(folder, "gates.yaml", "markets:", "markets: [")
    (fault,) = (fault for fault in check_config(folder) if fault.file.endswith("gates.yaml"))
    assert "is no YAML" in fault.fault
    assert fault.line is not None
    assert fault.line >= line


@pytest.mark.parametrize("name", FILES)
def test_a_missing_empty_or_garbled_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\xff\xfe")
    assert f"{name}: is not UTF-8" in only_faults_text(folder)
    (folder / name).write_bytes(b"")
    assert f"{folder / name}" in only_faults_text(folder)
    (folder / name).unlink()
    assert f"{name}: cannot be read: No such file or directory" in only_faults_text(folder)


@pytest.mark.parametrize("text", ["- 1\n", "3\n", "{}\n", "null\n", "a: !!python/name:os.system\n"])
@pytest.mark.parametrize("name", FILES[:4])
def test_yaml_of_another_shape_is_a_fault_and_no_traceback(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    assert str(folder / name) in only_faults_text(folder)


XA_CHI_LANG = "2025,06463,Xã Chi Lăng,,20,Tỉnh Lạng Sơn,21.6099,106.546,\n"


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (XA_CHI_LANG.replace("2025", "2026"), "vintage '2026' is not one of 2025, legacy"),
        (XA_CHI_LANG.replace("06463", "6463"), "code '6463' is not 2 digits"),
        (XA_CHI_LANG.replace("06463", "06475"), "2025 06475 is already on line"),
        (XA_CHI_LANG.replace("21.6099", "31.6099"), "latitude 31.6099 is outside Việt Nam (7 to 23.5)"),
        (XA_CHI_LANG.replace("106.546", "6.546"), "longitude 6.546 is outside Việt Nam (102 to 115)"),
        (XA_CHI_LANG.replace("106.546", "nan"), "longitude nan is outside"),
        (XA_CHI_LANG.replace("106.546", "east"), "longitude 'east' is not a number of degrees"),
        (XA_CHI_LANG.replace("Xã Chi Lăng", ""), "must not be empty"),
        (unicodedata.normalize("NFD", XA_CHI_LANG), "is not in Unicode form NFC"),
        (XA_CHI_LANG.replace("106.546,", "106.546,99999"), "successor 99999 is no 2025 code"),
        ("2025,06463\n", "has 2 cells instead of 9"),
        ("\n", "has 0 cells instead of 9"),
    ],
)
def test_a_fault_in_a_row_of_places_is_named_with_its_line(folder: Path, new: str, said: str) -> None:
    line = plant(folder, "places.csv", XA_CHI_LANG, new)
    hits = [fault for fault in check_config(folder) if said in fault.fault]
    assert hits
    # Of two rows with one code the later is at fault.
    assert hits[0].line == line + ("06475" in new)
    assert hits[0].file == str(folder / "places.csv")


def test_other_columns_are_named(folder: Path) -> None:
    plant(folder, "places.csv", "vintage,code", "code,vintage")
    assert "places.csv:1: the columns must be vintage,code,name" in str(only_fault(folder))


def test_loading_raises_the_first_fault(folder: Path) -> None:
    plant(folder, "tariff.yaml", "value: 500", "value: many")
    line = plant(folder, "gates.yaml", "[custard_apple]", "[durian]")
    plant(folder, "places.csv", "21.6099", "0")
    with pytest.raises(ConfigError, match=rf"gates\.yaml:{line}: .*durian"):
        load_catalogue(folder)
    with pytest.raises(ConfigError, match=r"places\.csv:\d+: latitude 0"):
        load_places(folder)


def only_faults_text(folder: Path) -> str:
    return "\n".join(str(fault) for fault in check_config(folder))
