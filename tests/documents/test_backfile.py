"""The back-file: what is taken, what is refused and why, and that nothing is taken twice."""

import asyncio
import csv
import json
import os
import signal
import sys
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.citizen_numbers import validate_citizen_number
from app.core.clock import local_date
from app.core.crypto import blind_index
from app.core.database import DB, fetch, fetch_row
from app.core.keys import keys
from app.documents import queries, store
from app.documents.backfile import listing
from app.documents.backfile.importing import import_folder
from app.documents.backfile.reasons import OF_THE_FILE, OF_THE_LINE, WORDS, Reason
from app.documents.backfile.report import Report
from app.documents.errors import BackfileListNotValid
from app.documents.inspection.antivirus import Scanner
from app.documents.inspection.verdict import Reason as FileReason
from app.documents.one_page import one_page
from tests import remembered
from tests.conftest import _keys_file
from tests.documents import corpus
from tests.documents.conftest import EICAR, Clamd

BIRTH = "KQ.G15.000031"
LAN, HUNG = "037190999001", "037090999002"
WITHIN_S = 120
Line = dict[str, str]


@pytest.fixture(autouse=True)
async def catalogue(database: object, now: datetime) -> None:
    await remembered.catalogue(now)


class Archive:
    """A folder with a list."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[Line] = []
        folder.mkdir()

    def put(self, content: bytes | None = None, **cells: str) -> Line:
        """A line with its file, right unless `cells` say otherwise."""
        n = len(self.lines)
        usual = {
            "dossier_number": f"H42.15-190301-{n:04d}",
            "owner_number": LAN,
            "owner_name": "Nguyễn Thị Lan",
            "code": BIRTH,
            "file": f"{n}.pdf",
        }
        line = usual | cells
        if content is not None or "file" not in cells:
            (self.folder / line["file"]).write_bytes(one_page(f"paper {n}") if content is None else content)
        self.lines.append(line)
        self.write()
        return line

    def write(self, separator: str = ",") -> None:
        columns = list(dict.fromkeys(name for line in self.lines for name in line))
        with (self.folder / listing.NAME).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", delimiter=separator)
            writer.writeheader()
            writer.writerows(self.lines)

    def add_raw(self, line: bytes) -> None:
        with (self.folder / listing.NAME).open("ab") as file:
            file.write(line)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def told(report: Report) -> list[tuple[int, str, str]]:
    return [(each.line, each.column, each.reason.value) for each in report.refused]


async def counted() -> tuple[int, ...]:
    row = await fetch_row(
        "SELECT (SELECT count(*) FROM document), (SELECT count(*) FROM document_coding),"
        " (SELECT count(*) FROM backfile_paper), (SELECT count(DISTINCT sha256) FROM backfile_paper),"
        " (SELECT count(*) FROM journal WHERE action = 'document.imported')"
    )
    assert row is not None
    return tuple(row)


def contents_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_result_is_kept_clean_coded_and_somebodys(archive: Archive, now: datetime) -> None:
    archive.put(
        corpus.heic(),
        file="ảnh 1.HEIC",
        number="12/2019",
        issuer="UBND phường Tam Điệp",
        issued_on="01/03/2019",
        is_permanent="có",
    )

    report = await import_folder(archive.folder, now=now)

    assert (report.taken, report.refused, report.is_good) == (1, [], True)
    [kept] = await fetch("SELECT * FROM backfile_paper")
    row = await queries.by_id(kept["document_id"])
    coding = await fetch_row("SELECT * FROM document_coding WHERE document_id = $1", row.id)
    assert (row.kind, row.state, row.dossier_number) == ("result", "clean", "H42.15-190301-0000")
    assert (row.content_type, row.clean_content_type) == ("image/heic", "image/jpeg")
    assert await store.read(row.sha256) == corpus.heic()
    assert (await store.read(row.served[0])).startswith(b"\xff\xd8\xff")
    assert coding is not None
    assert (coding["code"], coding["number"], coding["coded_by"]) == (BIRTH, "12/2019", None)
    assert str(coding["issued_on"]) == "2019-03-01"
    assert coding["name"]  # the catalogue's
    assert kept["owner_index"] == blind_index(keys().index, "citizen_number", LAN)
    lines = await fetch("SELECT action, detail FROM journal WHERE action LIKE '%imported'")
    assert sorted(line["action"] for line in lines) == ["backfile.imported", "document.imported"]
    assert not any(LAN in line["detail"] or "Lan" in line["detail"] for line in lines)


async def test_a_bad_line_is_refused_alone(archive: Archive, now: datetime, tmp_path: Path) -> None:
    today = local_date(now)
    (tmp_path / "outside.pdf").write_bytes(one_page("outside"))
    (archive.folder / "link.pdf").symlink_to(tmp_path / "outside.pdf")
    os.mkfifo(archive.folder / "pipe.pdf")
    first = archive.put()
    bad: list[tuple[str, str, Line | bytes]] = [
        ("owner_name", "missing", {"owner_name": " "}),
        ("dossier_number", "dossier_number_not_valid", {"dossier_number": "số 12"}),
        ("owner_number", "owner_number_not_valid", {"owner_number": "37190999001"}),
        ("owner_name", "owner_name_not_valid", {"owner_name": "www.lan.vn"}),
        ("code", "code_not_known", {"code": "KQ.G99.000000"}),
        ("issued_on", "not_a_date", {"issued_on": "31/02/2019"}),
        ("issued_on", "issued_in_the_future", {"issued_on": str(today + timedelta(days=1))}),
        ("valid_until", "no_longer_valid", {"valid_until": str(today - timedelta(days=1))}),
        ("valid_until", "ends_before_its_issue", {"issued_on": "2019-02-01", "valid_until": "2019-01-31"}),
        ("valid_until", "permanent_and_ending", {"is_permanent": "x", "valid_until": "2099-01-01"}),
        ("is_permanent", "not_yes_or_no", {"is_permanent": "maybe"}),
        ("issuer", "too_long", {"issuer": "a" * 201}),
        ("scope", "forbidden_character", {"scope": "a\u200bb"}),
        ("dossier_number", "twice_in_list", {"dossier_number": first["dossier_number"]}),
        ("file", "file_missing", {"file": "none.pdf"}),
        ("file", "file_missing", {"file": "pipe.pdf"}),
        ("file", "file_outside_folder", {"file": "../outside.pdf"}),
        ("file", "file_outside_folder", {"file": "link.pdf"}),
        ("file", "file_outside_folder", {"file": "/etc/hostname"}),
    ]
    for _, _, cells in bad:
        archive.put(**cells)
    files = {
        b"": "empty_file",
        b"MZ" + bytes(400): "type_not_allowed",
        corpus.scan()[:300]: "damaged",
        corpus.pdf_and_archive(): "two_formats",
        corpus.png_bomb(): "too_many_pixels",
        corpus.scan().ljust(10 * 1024 * 1024 + 1, b"\n"): "too_large",
    }
    for content in files:
        archive.put(content)
    raw = {
        b'"H42.15-190301-8888,never closed\n': ("", "line_not_readable"),
        b"too,few\n": ("", "line_not_readable"),
        b"Nguy\xea,Th\xf2\n": ("", "not_utf8"),
        b"x" * 200_000 + b"\n": ("", "line_not_readable"),
    }
    for line in raw:
        archive.add_raw(line)
    last = ["H42.15-190301-9999", LAN, "Nguyễn Thị Lan", BIRTH, "last.pdf"]
    (archive.folder / "last.pdf").write_bytes(one_page("last"))
    columns = len({name for line in archive.lines for name in line})
    archive.add_raw(b"\n" + ",".join([*last, *([""] * (columns - len(last)))]).encode())

    report = await import_folder(archive.folder, now=now)

    expected = [
        *((column, code) for column, code, _ in bad),
        *(("file", code) for code in files.values()),
        *raw.values(),
    ]
    assert told(report) == [(number, *each) for number, each in enumerate(expected, 3)]
    assert report.taken == 2
    assert await counted() == (2, 2, 2, 2, 2)
    assert [row["dossier_number"] for row in await fetch("SELECT * FROM backfile_paper ORDER BY 2")] == [
        "H42.15-190301-0000",
        "H42.15-190301-9999",
    ]
    assert LAN not in json.dumps(report.as_dict(), ensure_ascii=False)


async def test_again_is_once_and_what_is_kept_stays(archive: Archive, now: datetime) -> None:
    same = archive.put()
    changed = archive.put()
    other = archive.put()
    await import_folder(archive.folder, now=now)
    before = await counted()

    again = await import_folder(archive.folder, now=now)
    archive.write(";")
    semicolons = await import_folder(archive.folder, now=now + timedelta(days=1))
    changed["issuer"] = "UBND xã Khánh Nhạc"
    (archive.folder / other["file"]).write_bytes(one_page("scanned anew"))
    archive.put(one_page("paper 0"), dossier_number="H42.15-200101-0001")
    archive.put(
        one_page("paper 0"),
        dossier_number="H42.15-200101-0002",
        owner_number=HUNG,
        owner_name="Trần Văn Hùng",
    )
    archive.put(owner_name="Trần Văn Hùng")
    report = await import_folder(archive.folder, now=now)

    assert (again.taken, again.already, again.is_good) == (0, 3, True)
    assert (semicolons.taken, semicolons.already, semicolons.is_good) == (0, 3, True)
    assert told(report) == [
        (3, "", "kept_otherwise"),
        (4, "file", "kept_with_other_content"),
        (5, "file", "duplicate_content"),
        (6, "file", "content_of_another"),
        (7, "owner_number", "owner_name_differs"),
    ]
    assert report.already == 1
    assert same["dossier_number"] in report.refused[2].as_dict()["vi"]
    assert await counted() == before == (3, 3, 3, 3, 3)


async def test_a_dry_run_says_the_same_and_keeps_nothing(
    archive: Archive, now: datetime, documents_folder: Path
) -> None:
    archive.put()
    archive.put(one_page("paper 0"))
    archive.put(owner_name="Trần Văn Hùng")
    archive.put(corpus.scan()[:300])
    archive.put(owner_number=HUNG, owner_name="Trần Văn Hùng")

    dry = await import_folder(archive.folder, now=now, dry_run=True)
    nothing = await counted()
    stored = contents_in(documents_folder)
    wet = await import_folder(archive.folder, now=now)

    assert nothing == (0, 0, 0, 0, 0)
    assert stored == []
    assert (dry.taken, told(dry)) == (wet.taken, told(wet))
    assert told(wet) == [
        (3, "file", "duplicate_content"),
        (4, "owner_number", "owner_name_differs"),
        (5, "file", "damaged"),
    ]


async def test_malware_is_refused_and_a_silent_scanner_ends_the_run(
    archive: Archive, now: datetime, clamd: tuple[Clamd, str]
) -> None:
    scanner, url = clamd
    archive.put()
    archive.put(b"%PDF-1.7\n" + EICAR)

    scanner.answer = b"INSTREAM size limit exceeded. ERROR\0"
    silent = await import_folder(archive.folder, now=now, scanner=Scanner(url))
    scanner.answer = b"stream: OK\0"
    report = await import_folder(archive.folder, now=now, scanner=Scanner(url))

    assert (silent.interrupted, silent.taken, silent.is_good) == ("virus_scanner_silent", 0, False)
    assert (report.taken, told(report)) == (1, [(3, "file", "malware")])


@pytest.mark.parametrize("header", [b"", b"a,b\n", "số hồ sơ\n".encode("utf-16"), b"code,code,file\n"])
async def test_a_list_that_is_none_is_refused_whole(archive: Archive, now: datetime, header: bytes) -> None:
    (archive.folder / listing.NAME).write_bytes(header)
    with pytest.raises(BackfileListNotValid):
        await import_folder(archive.folder, now=now)


async def test_a_folder_without_a_list_is_refused(archive: Archive, now: datetime) -> None:
    with pytest.raises(BackfileListNotValid):
        await import_folder(archive.folder, now=now)


def test_every_reason_has_words_in_both_languages() -> None:
    assert OF_THE_LINE.keys() == set(Reason)
    assert OF_THE_FILE.keys() == set(FileReason)
    assert len(WORDS) == len(Reason) + len(FileReason)
    assert all(words.vi and words.en for words in WORDS.values())
    assert validate_citizen_number(LAN) == LAN


@pytest.fixture
def begin(opened: Any, tmp_path: Path, archive: Archive) -> Callable[..., Any]:
    """`await begin("--json")`: the command as a process of its own, on this run's stores."""

    async def start(*arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "import-backfile", str(archive.folder), *arguments),
            env=dict(os.environ)
            | {
                "DATABASE_URL": opened.database_url,
                "REDIS_URL": opened.redis_url,
                "MOTCUA_DATA_DIR": str(tmp_path),
                "MOTCUA_DOCUMENTS_URL": f"file://{tmp_path / 'documents'}",
                "MOTCUA_KEYS_FILE": str(_keys_file(tmp_path)),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    return start


async def test_a_killed_run_goes_on_where_it_stopped(
    archive: Archive, begin: Callable[..., Any], tmp_path: Path
) -> None:
    """Killed in the middle, twice; the third run finishes, and a fourth finds nothing to do."""
    papers = 12
    for n in range(papers):
        archive.put(owner_number=f"0371909990{n:02d}", owner_name=f"Nguyễn Văn {chr(65 + n)}")
    archive.put(owner_name="")
    assert DB.pool is not None
    for at_least in (2, 5):
        running = await begin()
        async with asyncio.timeout(WITHIN_S):
            while await DB.pool.fetchval("SELECT count(*) FROM backfile_paper") < at_least:
                assert running.returncode is None
                await asyncio.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        await running.communicate()
    before = await counted()

    finished = await begin("--json", "--report", str(tmp_path / "refused.csv"))
    async with asyncio.timeout(WITHIN_S):
        out, _ = await finished.communicate()
    again = await begin()
    async with asyncio.timeout(WITHIN_S):
        text, _ = await again.communicate()

    report = json.loads(out)
    assert 5 <= before[0] < papers
    assert (report["already"], report["taken"]) == (before[0], papers - before[0])
    assert await counted() == (papers,) * 5
    assert (finished.returncode, again.returncode) == (1, 1)
    assert f"0 paper(s) imported, {papers} there already, 1 line(s) refused" in text.decode()
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        [refused] = csv.DictReader(file)
    assert (refused["line"], refused["column"], refused["code"]) == (
        str(papers + 2),
        "owner_name",
        "missing",
    )
    assert refused["vi"] == "Ô này không được để trống."
    for row in await fetch("SELECT sha256, clean_sha256 FROM document"):
        assert await store.read(row["sha256"])
        assert await store.read(row["clean_sha256"])
    [line] = await fetch("SELECT DISTINCT actor_kind FROM journal WHERE action = 'document.imported'")
    assert line["actor_kind"] == "operator"


async def test_the_command_names_what_is_wrong_and_takes_a_centre(
    archive: Archive, begin: Callable[..., Any]
) -> None:
    archive.put()
    centre = await fetch_row("SELECT id, code FROM centre WHERE valid_to IS NULL ORDER BY code LIMIT 1")
    assert centre is not None

    wrong = await begin("--centre", "NOWHERE")
    _, said = await wrong.communicate()
    right = await begin("--centre", centre["code"])
    out, _ = await right.communicate()

    assert wrong.returncode == 2
    assert b"NOWHERE" in said
    assert right.returncode == 0, out
    assert await fetch("SELECT centre_id FROM document") == [(centre["id"],)]
    assert isinstance(centre["id"], uuid.UUID)
