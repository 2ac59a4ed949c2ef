"""What others wrote is what we took; nothing of ours is loaded from another host."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

import app.pages
from app.pages.assets import STATIC, asset, script, voice_clips
from app.pages.templates import TEMPLATES

VENDOR = STATIC / "vendor"
TOOLS = Path(app.pages.__file__).parent / "vendor_tools"
LOCK: list[dict[str, Any]] = json.loads((VENDOR / "vendor.lock.json").read_text())["vendored"]
OURS = sorted(
    path
    for folder, endings in ((STATIC, {".css", ".js", ".svg"}), (TEMPLATES, {".html"}))
    for path in folder.rglob("*")
    if path.suffix in endings and VENDOR not in path.parents
)


def test_every_vendored_file_is_the_one_that_was_taken() -> None:
    locked = {file["path"]: file["sha384"] for each in LOCK for file in each["files"]}
    found = {
        path.relative_to(VENDOR).as_posix(): base64.b64encode(
            hashlib.sha384(path.read_bytes()).digest()
        ).decode()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "vendor.lock.json"
    }

    assert found == locked


def test_the_vendored_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in VENDOR.rglob("*") if path.is_file()) < 2_500_000


def test_every_vendored_thing_names_its_licence() -> None:
    told = (Path(app.pages.__file__).parents[2] / "THIRD_PARTY.md").read_text()

    for each in LOCK:
        assert f"| {each['name']} | {each['version']} | {each['licence']} |" in told
        assert (VENDOR / f"{each['name']}-{each['version']}" / "LICENSE").is_file()


def test_the_form_patterns_carry_neither_the_typeface_nor_the_crest_of_gov_uk() -> None:
    built = next(VENDOR.glob("govuk-frontend-*/citizen-base.css")).read_text()

    assert "GDS Transport" not in built
    assert "crest" not in built
    assert "/assets/" not in built


def test_the_lock_file_of_the_tools_names_no_registry() -> None:
    packages = json.loads((TOOLS / "package-lock.json").read_text())["packages"]

    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_nothing_of_ours_is_loaded_from_another_host(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")

    assert not re.search(r"https?://|[\"'(]//\w", text)


def test_every_asset_a_template_names_exists() -> None:
    named = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r"(?:asset|stylesheet|script)\(\"([^\"]+)\"\)", path.read_text())
    }

    assert {"console.css", "board.css", "citizen.css", "js/console.js", "js/board.js"} <= named
    assert all(asset(name).url.startswith(f"/static/{name}?v=") for name in named)


def test_a_script_carries_the_fingerprint_of_its_file() -> None:
    digest = hashlib.sha384((STATIC / "js/board.js").read_bytes()).digest()

    assert f'integrity="sha384-{base64.b64encode(digest).decode()}"' in script("js/board.js")


def test_a_centres_recordings_are_found_by_the_names_of_the_clips(tmp_path: Path) -> None:
    (tmp_path / "voice").mkdir()
    for name in ("mot.mp3", "moi_so.mp3", "hello.mp3", "ba.wav"):
        (tmp_path / "voice" / name).write_bytes(name.encode())

    found = voice_clips(static=tmp_path)

    assert {name: url.partition("?")[0] for name, url in found.items()} == {
        "mot": "/static/voice/mot.mp3",
        "moi_so": "/static/voice/moi_so.mp3",
    }
    assert len({url.partition("?")[2] for url in found.values()}) == 2
