"""Units from a file: the plan says what would change, applying it twice changes it once."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.centres import queries
from app.centres.errors import UnitsChangedMeanwhile, UnitsFileNotValid
from app.sample.import_units import apply_import, import_file, stored_units
from app.sample.seed import load_catalogue
from app.sample.units_file import read_units
from app.sample.units_plan import Diff, Key, lines, plan_import

pytestmark = pytest.mark.usefixtures("database")


def small_file() -> dict[str, Any]:
    """Two districts become one city, then none; one commune is divided, two are merged."""
    point = {"lat": None, "lon": None, "coord_quality": "unknown"}
    new = point | {"area_km2": 1.5, "old_province": "Ninh Bình"}

    def district(code: str, name: str) -> dict[str, str]:
        return {"code": code, "name": name, "name_en": "District"}

    def old(code: str, name: str, parent: str) -> dict[str, Any]:
        return {"code": code, "name": name, "district_code": parent} | point

    def link(old: str, old_name: str, new: str, new_name: str, *, divided: bool) -> dict[str, Any]:
        return {
            "old_code": old,
            "old_name": old_name,
            "old_district_code": "373",
            "new_code": new,
            "new_name": new_name,
            "divided": divided,
        }

    return {
        "meta": {"title": "small"},
        "districts_2021": [
            district("369", "Thành phố Ninh Bình"),
            district("373", "Huyện Gia Viễn"),
            district("374", "Huyện Hoa Lư"),
        ],
        "districts_2025_01": [
            district("373", "Huyện Gia Viễn"),
            district("374", "Thành phố Hoa Lư"),
        ],
        "communes_2021": [
            old("14329", "Phường Vân Giang", "369"),
            old("14335", "Phường Phúc Thành", "369"),
            old("14479", "Xã Gia Vân", "373"),
            old("14503", "Xã Gia Tân", "373"),
            old("14533", "Xã Trường Yên", "374"),
        ],
        "communes_2025_07": [
            {"code": "14329", "name": "Phường Hoa Lư"} | new,
            {"code": "14488", "name": "Xã Gia Vân"} | new,
            {"code": "14533", "name": "Phường Tây Hoa Lư"} | new,
        ],
        "commune_mapping_old_ninh_binh_to_2025_07": [
            link("14329", "Phường Vân Giang", "14329", "Phường Hoa Lư", divided=False),
            link("14479", "Xã Gia Vân", "14488", "Xã Gia Vân", divided=False),
            link("14503", "Xã Gia Tân", "14488", "Xã Gia Vân", divided=True),
            link("14503", "Xã Gia Tân", "14533", "Phường Tây Hoa Lư", divided=True),
            link("14533", "Xã Trường Yên", "14533", "Phường Tây Hoa Lư", divided=False),
        ],
    }


def written(folder: Path, content: Any) -> Path:
    path = folder / "units.json"
    path.write_bytes(msgspec.json.encode(content))
    return path


async def planned(folder: Path, content: Any) -> Diff:
    return plan_import(read_units(written(folder, content)), await stored_units())


async def test_a_first_import_adds_everything_and_a_second_nothing(tmp_path: Path, now: datetime) -> None:
    first = await planned(tmp_path, small_file())
    changed = await apply_import(diff=first, now=now)
    second = await planned(tmp_path, small_file())

    # Two provinces, four districts (one of them for six months), five old and three new communes.
    assert len(first.added) == 14
    assert len(first.links) == 5
    assert changed == 19
    assert second.is_empty
    assert len(second.unchanged) == 14
    assert await apply_import(diff=second, now=now) == 0


async def test_a_re_used_code_names_another_unit_on_another_day(tmp_path: Path, now: datetime) -> None:
    await apply_import(diff=await planned(tmp_path, small_file()), now=now)

    before = await queries.unit_on("14329", on=date(2025, 6, 30))
    after = await queries.unit_on("14329", on=date(2025, 7, 1))
    assert before is not None
    assert after is not None
    assert (before.name_vi, after.name_vi) == ("Phường Vân Giang", "Phường Hoa Lư")
    assert before.id != after.id


async def test_a_city_that_lived_six_months_is_found_only_then(tmp_path: Path, now: datetime) -> None:
    await apply_import(diff=await planned(tmp_path, small_file()), now=now)

    names = []
    for day in (date(2024, 12, 31), date(2025, 1, 1), date(2025, 6, 30), date(2025, 7, 1)):
        unit = await queries.unit_on("374", on=day)
        names.append(None if unit is None else unit.name_vi)
    assert names == ["Huyện Hoa Lư", "Thành phố Hoa Lư", "Thành phố Hoa Lư", None]


async def test_a_divided_commune_is_a_question_and_not_an_answer(tmp_path: Path, now: datetime) -> None:
    diff = await planned(tmp_path, small_file())
    await apply_import(diff=diff, now=now)

    gia_tan = await queries.unit_on("14503", on=date(2022, 3, 1))
    assert gia_tan is not None
    successors = await queries.successors(gia_tan.id)
    assert [(s.unit.name_vi, s.divided) for s in successors] == [
        ("Xã Gia Vân", True),
        ("Phường Tây Hoa Lư", True),
    ]
    assert diff.split == [Key("14503", date(2020, 1, 1))]
    assert [key.code for key in diff.merged] == ["14488", "14533"]
    assert any(line.startswith("? 14503") for line in lines(diff))


async def test_a_commune_that_leads_nowhere_had_ended_before(tmp_path: Path, now: datetime) -> None:
    await apply_import(diff=await planned(tmp_path, small_file()), now=now)

    assert await queries.unit_on("14335", on=date(2024, 12, 31)) is not None
    assert await queries.unit_on("14335", on=date(2025, 1, 1)) is None


async def test_a_corrected_name_is_the_same_unit(tmp_path: Path, now: datetime) -> None:
    await apply_import(diff=await planned(tmp_path, small_file()), now=now)
    before = await queries.unit_on("14488", on=date(2026, 1, 1))
    corrected = small_file()
    corrected["communes_2025_07"][1]["name"] = "Xã Gia Vần"

    diff = await planned(tmp_path, corrected)
    changed = await apply_import(diff=diff, now=now)

    after = await queries.unit_on("14488", on=date(2026, 1, 1))
    assert before is not None
    assert after is not None
    assert [r.name_vi for r in diff.renamed] == ["Xã Gia Vần"]
    assert changed == 1
    assert (after.id, after.name_vi, after.name_en) == (before.id, "Xã Gia Vần", "Gia Van Commune")


async def test_a_plan_made_against_other_units_is_refused(tmp_path: Path, now: datetime) -> None:
    stale = await planned(tmp_path, small_file())
    await apply_import(diff=stale, now=now)

    with pytest.raises(UnitsChangedMeanwhile):
        await apply_import(diff=stale, now=now)


async def test_a_file_with_a_mistake_is_refused_with_its_place(tmp_path: Path) -> None:
    unknown_field = small_file() | {"surprise": []}
    wrong_type = small_file()
    wrong_type["communes_2021"][0]["code"] = 14329
    stranger = small_file()
    stranger["communes_2021"][0]["district_code"] = "999"
    twice = small_file()
    twice["communes_2025_07"].append(twice["communes_2025_07"][0])

    for content, hint in (
        (unknown_field, "surprise"),
        (wrong_type, "communes_2021[0].code"),
        (stranger, "999"),
        (twice, "14329"),
    ):
        with pytest.raises(UnitsFileNotValid) as refused:
            read_units(written(tmp_path, content))
        assert hint in refused.value.facts["reason"]
    with pytest.raises(UnitsFileNotValid):
        read_units(tmp_path / "absent.json")


async def test_importing_over_the_sample_keeps_the_ids_its_centres_stand_on(
    tmp_path: Path, now: datetime
) -> None:
    await load_catalogue(now=now)
    before = await queries.unit_on("14533", on=date(2026, 1, 1))

    diff = await planned(tmp_path, small_file())
    await apply_import(diff=diff, now=now)

    after = await queries.unit_on("14533", on=date(2026, 1, 1))
    assert before is not None
    assert after is not None
    assert before.id == after.id
    assert not diff.renamed
    assert (await planned(tmp_path, small_file())).is_empty


async def test_the_sample_loads_over_units_that_were_imported_first(tmp_path: Path, now: datetime) -> None:
    await apply_import(diff=await planned(tmp_path, small_file()), now=now)
    imported = await queries.unit_on("14533", on=date(2026, 1, 1))
    await load_catalogue(now=now)
    again = await load_catalogue(now=now)

    after = await queries.unit_on("14533", on=date(2026, 1, 1))
    assert imported is not None
    assert after == imported
    assert again == (0, 0, 0)


async def test_a_dry_run_shows_the_difference_and_writes_nothing(tmp_path: Path, now: datetime) -> None:
    path = written(tmp_path, small_file())
    shown = await import_file(path, apply=False, now=now)
    still = await import_file(path, apply=True, now=now)
    after = await import_file(path, apply=False, now=now)

    assert shown.as_dict()["added"] == still.as_dict()["added"] == 14
    assert shown.as_dict()["split"] == ["14503"]
    assert "14 added" in shown.as_text()
    assert after.as_dict()["unchanged"] == 14
