"""What the doctor says: each fault is named with its remedy, and looking changes nothing."""

import contextlib
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from app.servers import ServersError, running_servers
from app.servers.doctor import Finding, examine

from .conftest import SOMEBODY, Start

FREE_PORT = 0  # any


async def at_head(_: str) -> Sequence[str]:
    return ()


async def one_behind(_: str) -> Sequence[str]:
    return ("m0008_notifications",)


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


async def look(
    data_dir: Path,
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    port: int = FREE_PORT,
    missing_migrations=at_head,  # noqa: ANN001 - either of the two above
) -> dict[str, Finding]:
    findings = await examine(
        data_dir,
        database_url=database_url,
        redis_url=redis_url,
        host="127.0.0.1",
        port=port,
        missing_migrations=missing_migrations,
    )
    for finding in findings:
        assert finding.ok == (not finding.remedy), finding
    return {finding.name: finding for finding in findings}


async def test_a_healthy_machine_has_nothing_to_mend_and_is_left_as_it_was(folder: Path) -> None:
    findings = await look(folder / "not" / "there" / "yet")

    assert [finding for finding in findings.values() if not finding.ok] == []
    assert findings["embedded PostgreSQL"].detail.startswith("postgres (PostgreSQL) 18")
    assert "Valkey" in findings["embedded Redis"].detail
    assert is_empty(folder)


async def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        findings = await look(folder, port=taken.getsockname()[1])

    assert not findings["port"].ok
    assert "MOTCUA_PORT" in findings["port"].remedy


async def test_a_folder_below_a_file_cannot_be_written(folder: Path) -> None:
    (folder / "file").touch()

    findings = await look(folder / "file" / "data")

    assert not findings["data folder"].ok
    assert "MOTCUA_DATA_DIR" in findings["data folder"].remedy


async def test_a_running_motcua_is_recognised(folder: Path, start: Start) -> None:
    start(folder).line()

    findings = await look(folder)

    assert findings["earlier run"].detail == "a Motcua runs on this folder now"
    assert all(finding.ok for finding in findings.values())


async def test_servers_that_outlived_their_program_are_named_with_the_way_to_end_them(
    folder: Path, start: Start
) -> None:
    """Stopped by a debugger or a frozen container, they cannot hear that their program is gone."""
    program = start(folder)
    program.line()
    servers = program.servers
    postmaster = next(server for server in servers if server.name() == "postgres")
    # Some of PostgreSQL's own children come and go as they please.
    for server in servers:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.suspend()
    try:
        program.signal(signal.SIGKILL)
        findings = await look(folder)
    finally:
        for server in servers:
            with contextlib.suppress(psutil.NoSuchProcess):
                server.resume()

    assert not findings["earlier run"].ok
    assert "kill -INT" in findings["earlier run"].remedy
    assert str(postmaster.pid) in findings["earlier run"].remedy.split()


async def test_named_servers_are_asked_for_version_clock_and_migrations(folder: Path) -> None:
    async with running_servers(folder, database_url=None, redis_url=None, durable=False) as servers:
        urls = {"database_url": servers.database_url, "redis_url": servers.redis_url}
        healthy = await look(folder / "unused", **urls)
        behind = await look(folder / "unused", **urls, missing_migrations=one_behind)

    assert all(finding.ok for finding in healthy.values())
    assert {"PostgreSQL", "clock", "migrations", "Redis"} <= healthy.keys()
    assert "embedded PostgreSQL" not in healthy
    assert behind["migrations"].detail == "1 missing, first m0008_notifications"
    assert behind["migrations"].remedy == "Run `motcua migrate`."


WRONG = [
    ("nonsense", "must start with"),
    ("mysql://h/x", "must start with"),
    ("{scheme}://user:hunter2@[::1", "is not a URL"),
    ("{scheme}://user:hunter2@localhost:99999/0", "is not a URL"),
    ("{scheme}://user:hunter2/x@h/0", "is not a URL"),
    ("{scheme}://user:12#hunter2@h/0", "is not a URL"),
    ("{scheme}://user:hunter2@127.0.0.1:1/0", "127.0.0.1:1 cannot be used"),
    ("{scheme}://user:hunter2@nowhere.invalid/0", "nowhere.invalid cannot be used"),
]


@pytest.mark.parametrize(("url", "said"), WRONG)
@pytest.mark.parametrize("variable", ["database_url", "redis_url"])
async def test_a_wrong_url_is_one_line_without_its_password(
    folder: Path, variable: str, url: str, said: str
) -> None:
    wrong = url.format(scheme="postgresql" if variable == "database_url" else "redis")
    urls: dict[str, str | None] = {"database_url": None, "redis_url": None, variable: wrong}

    findings = await look(folder, **urls)

    finding = findings["PostgreSQL" if variable == "database_url" else "Redis"]
    assert not finding.ok
    assert said in finding.detail
    assert "hunter2" not in finding.detail + finding.remedy
    assert "\n" not in finding.detail + finding.remedy


@pytest.mark.parametrize(
    ("database_url", "redis_url"),
    [(url.format(scheme="postgresql"), None) for url, _ in WRONG]
    + [(None, url.format(scheme="redis")) for url, _ in WRONG[:6]],
)
async def test_a_start_refuses_a_wrong_url_before_it_starts_anything(
    folder: Path, database_url: str | None, redis_url: str | None
) -> None:
    with pytest.raises(ServersError) as refusal:
        async with running_servers(folder, database_url=database_url, redis_url=redis_url):
            pytest.fail("it took a wrong URL")

    assert "hunter2" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert is_empty(folder)


async def test_a_start_goes_on_while_redis_is_away_but_not_with_a_wrong_password(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_servers(
        folder / "embedded", database_url=None, redis_url=None, durable=False
    ) as servers:
        away, wrong = "redis://127.0.0.1:1/0", servers.redis_url.replace("redis://:", "redis://:x")
        async with running_servers(folder / "named", database_url=servers.database_url, redis_url=away):
            assert "Redis at 127.0.0.1:1 cannot be used" in caplog.text
        with pytest.raises(ServersError, match="Check REDIS_URL"):
            async with running_servers(
                folder / "named", database_url=servers.database_url, redis_url=wrong
            ):
                pytest.fail("it took a wrong password")


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can make a folder another's")
async def test_another_users_folder_is_told(folder: Path) -> None:
    """Asked as the other user, because root may write everywhere."""
    theirs = folder / "theirs"
    theirs.mkdir(mode=0o700)
    os.seteuid(SOMEBODY)
    try:
        findings = await look(theirs)
    finally:
        os.seteuid(0)

    assert not findings["data folder"].ok
