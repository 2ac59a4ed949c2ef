"""The file of administrative units, read strictly: the shape in which they are published to us.

Sections about centres and post offices may be in the file and are not read here.
"""

from pathlib import Path
from typing import Annotated, Any

import msgspec

from app.centres.errors import UnitsFileNotValid

Code = Annotated[str, msgspec.Meta(pattern="^[0-9]{2,5}$")]
Name = Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class District(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A district of the three-tier time (huyện, thị xã, thành phố)."""

    code: Code
    name: Name
    name_en: Name


class OldCommune(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A commune of the three-tier time."""

    code: Code
    name: Name
    district_code: Code
    lat: Latitude | None
    lon: Longitude | None
    coord_quality: str


class NewCommune(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A commune of today."""

    code: Code
    name: Name
    lat: Latitude | None
    lon: Longitude | None
    area_km2: float
    old_province: str
    coord_quality: str


class Link(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An old commune went to a new one; `divided` when only a part of it did."""

    old_code: Code
    old_name: Name
    old_district_code: Code
    new_code: Code
    new_name: Name
    divided: bool


class Units(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The whole file."""

    meta: dict[str, Any]
    districts_2021: list[District]
    districts_2025_01: list[District]
    communes_2021: list[OldCommune]
    communes_2025_07: list[NewCommune]
    links: list[Link] = msgspec.field(name="commune_mapping_old_ninh_binh_to_2025_07")
    centres_three_tier: list[dict[str, Any]] = []
    centres_two_tier_sample: list[dict[str, Any]] = []
    post_offices: list[dict[str, Any]] = []


def read_units(path: Path) -> Units:
    """Read and check the file; raises `UnitsFileNotValid` with the place of the first mistake."""
    try:
        units = msgspec.json.decode(path.read_bytes(), type=Units, strict=True)
    except (OSError, msgspec.MsgspecError) as reason:
        raise UnitsFileNotValid(reason=str(reason)) from reason
    _check_codes(units)
    return units


def _check_codes(units: Units) -> None:
    """Codes are unique in a list, and what is referred to is there."""
    lists = {
        "districts_2021": [row.code for row in units.districts_2021],
        "districts_2025_01": [row.code for row in units.districts_2025_01],
        "communes_2021": [row.code for row in units.communes_2021],
        "communes_2025_07": [row.code for row in units.communes_2025_07],
    }
    for name, codes in lists.items():
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise UnitsFileNotValid(reason=f"{name} holds {', '.join(twice)} twice")
    known = {name: set(codes) for name, codes in lists.items()}
    strangers = [
        *(r.district_code for r in units.communes_2021 if r.district_code not in known["districts_2021"]),
        *(r.old_code for r in units.links if r.old_code not in known["communes_2021"]),
        *(r.new_code for r in units.links if r.new_code not in known["communes_2025_07"]),
    ]
    if strangers:
        raise UnitsFileNotValid(reason=f"nothing is listed as {', '.join(sorted(strangers))}")
