"""The embedded servers on real processes: who starts them, where, and however they end."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis.asyncio as redis_client

from app.servers import ServersError, running_servers

from .conftest import SOMEBODY, Start

ACCOUNTS = Path("/etc/passwd")
Until = Callable[..., None]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


async def answer(line: dict[str, str]) -> tuple[str, str]:
    """One question to each."""
    connection = await asyncpg.connect(line["database_url"])
    try:
        who = await connection.fetchval("SELECT current_user || ' ' || datcollate FROM pg_database LIMIT 1")
    finally:
        await connection.close()
    async with redis_client.Redis.from_url(line["redis_url"], decode_responses=True) as client:
        await client.set("greeting", "Xin chào")
        return str(who), str(await client.get("greeting"))


def mode_of(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


async def test_whoever_starts_them_they_answer(folder: Path, start: Start) -> None:
    program = start(folder)

    assert await answer(program.line()) == ("motcua C.UTF-8", "Xin chào")
    assert {server.uids().real for server in program.servers} == {os.geteuid()}


@as_root
@pytest.mark.parametrize(("user", "number"), [("nobody", 65534), ("somebody", SOMEBODY)])
async def test_an_ordinary_user_starts_them_with_and_without_an_account(
    folder: Path, start: Start, user: str, number: int
) -> None:
    os.chown(folder, number, number)

    program = start(folder, user=user)

    assert await answer(program.line()) == ("motcua C.UTF-8", "Xin chào")
    assert {server.uids().real for server in program.servers} == {number}


def test_no_user_is_made_and_no_permission_changed(folder: Path, start: Start) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    accounts = ACCOUNTS.read_bytes()
    before = [mode_of(path) for path in (closed, *closed.parents)]

    program = start(closed / "data")
    program.line()
    program.signal(signal.SIGTERM)

    assert [mode_of(path) for path in (closed, *closed.parents)] == before
    assert mode_of(closed / "data") == "0o700"
    assert ACCOUNTS.read_bytes() == accounts
    secret = [path for path in closed.rglob("*") if path.name in {"password", "redis.conf"}]
    assert {mode_of(path) for path in secret} == {"0o600"}


@pytest.mark.parametrize("locale", ["de_DE.UTF-8", "vi_VN.TCVN", "nonsense"])
async def test_a_locale_that_is_not_there_does_no_harm(folder: Path, start: Start, locale: str) -> None:
    program = start(folder, environment={"LC_ALL": locale, "LANG": locale})

    assert await answer(program.line()) == ("motcua C.UTF-8", "Xin chào")


@pytest.mark.parametrize("name", ['Một cửa, "Hoa Lư"', "long-" * 30], ids=["Vietnamese", "long"])
async def test_a_folder_may_have_any_name(folder: Path, start: Start, name: str) -> None:
    program = start(folder / name)

    assert await answer(program.line()) == ("motcua C.UTF-8", "Xin chào")


async def test_two_folders_on_one_machine_never_meet(folder: Path, start: Start) -> None:
    first, second = start(folder / "first"), start(folder / "second")
    lines = first.line(), second.line()

    await asyncio.gather(*(answer(line) for line in lines))
    first.signal(signal.SIGTERM)

    assert await answer(lines[1]) == ("motcua C.UTF-8", "Xin chào")


async def test_a_second_start_in_the_same_folder_is_refused_in_one_line(folder: Path, start: Start) -> None:
    first = start(folder)
    line = first.line()

    second = start(folder)

    assert second.errors() == (
        f"motcua: The data folder {folder} is in use by another Motcua."
        " Stop that one, or name another folder with MOTCUA_DATA_DIR.\n"
    )
    assert second.exit_code == 1
    assert await answer(line) == ("motcua C.UTF-8", "Xin chào")


@pytest.mark.parametrize(
    ("by", "code"),
    [
        (signal.SIGKILL, -signal.SIGKILL),
        (signal.SIGTERM, 0),
        (signal.SIGINT, 0),
        (signal.SIGHUP, 0),
        (signal.SIGQUIT, -signal.SIGQUIT),
    ],
)
def test_no_process_is_left_however_it_ends(
    folder: Path, start: Start, by: signal.Signals, code: int
) -> None:
    program = start(folder)
    program.line()
    servers = program.servers
    assert {"postgres", "valkey-server"} <= {server.name() for server in servers}

    assert program.signal(by) == code

    _, alive = psutil.wait_procs(servers, 30)
    assert not alive
    assert not (folder / "postgres" / "data" / "postmaster.pid").exists(), "not a clean shutdown"


def test_no_process_is_left_when_killed_while_the_cluster_is_being_made(
    folder: Path, start: Start, until: Until
) -> None:
    program = start(folder)
    until((folder / "postgres" / "data.new" / "PG_VERSION").exists)
    servers = program.servers

    program.signal(signal.SIGKILL)

    _, alive = psutil.wait_procs(servers, 30)
    assert not alive
    assert start(folder).line(), "the half-made cluster is made anew"


async def test_a_start_right_after_kill_9_finds_what_was_acknowledged(folder: Path, start: Start) -> None:
    line: dict[str, str] = {}
    for number in range(1, 4):
        program = start(folder, arguments=())
        line = program.line()
        connection = await asyncpg.connect(line["database_url"])
        await connection.execute("CREATE TABLE IF NOT EXISTS promise (number int)")
        await connection.execute("INSERT INTO promise VALUES ($1)", number)
        kept = await connection.fetch("SELECT number FROM promise ORDER BY number")
        async with redis_client.Redis.from_url(line["redis_url"]) as client:
            counted = await client.incr("promise")

        program.signal(signal.SIGKILL)
        connection.terminate()

        assert [row["number"] for row in kept] == list(range(1, number + 1))
        assert counted == number


async def test_a_pid_that_now_belongs_to_another_does_not_keep_it_from_starting(
    folder: Path, start: Start
) -> None:
    program = start(folder)
    program.line()
    pid_file = folder / "postgres" / "data" / "postmaster.pid"
    written = pid_file.read_text().splitlines()
    program.signal(signal.SIGTERM)
    pid_file.write_text("\n".join([str(os.getpid()), *written[1:]]) + "\n")
    pid_file.chmod(0o600)

    assert await answer(start(folder).line()) == ("motcua C.UTF-8", "Xin chào")


async def test_restarted_servers_keep_their_addresses_and_what_was_acknowledged(folder: Path) -> None:
    async with running_servers(folder, database_url=None, redis_url=None) as servers:
        assert servers.postgres is not None
        assert servers.redis is not None
        urls = servers.database_url, servers.redis_url
        connection = await asyncpg.connect(servers.database_url)
        await connection.execute("CREATE TABLE promise AS SELECT 1 AS number")
        async with redis_client.Redis.from_url(servers.redis_url) as client:
            await client.set("promise", "1")
            before = servers.postgres.pid

            await servers.postgres.restart_immediately()
            await servers.redis.kill(emptied=True)
            await servers.redis.start()

            assert servers.postgres.pid != before
            assert (servers.postgres.url, servers.redis.url) == urls
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await connection.fetchval("SELECT number FROM promise")
            anew = await asyncpg.connect(servers.database_url)
            assert await anew.fetchval("SELECT number FROM promise") == 1
            await anew.close()
            assert await client.get("promise") is None


async def test_a_row_that_is_refused_does_not_come_into_the_servers_log(folder: Path) -> None:
    async with running_servers(folder, database_url=None, redis_url=None, durable=False) as servers:
        connection = await asyncpg.connect(servers.database_url)
        await connection.execute("CREATE TABLE account (phone text CONSTRAINT one_of_a_phone UNIQUE)")
        await connection.execute("INSERT INTO account VALUES ($1)", "+84987654321")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO account VALUES ($1)", "+84987654321")
        await connection.close()
    log = (folder / "postgres" / "postgres.log").read_text()
    assert "one_of_a_phone" in log
    assert "987654321" not in log


async def test_a_lost_password_is_told_at_once(folder: Path) -> None:
    async with running_servers(folder, database_url=None, redis_url=None, durable=False):
        pass
    (folder / "postgres" / "password").unlink()

    with pytest.raises(ServersError, match="is not the one of the data beside it"):
        async with running_servers(folder, database_url=None, redis_url=None, durable=False):
            pytest.fail("it started with a password that is not its own")


def test_a_full_disk_is_told_in_one_line(folder: Path, start: Start) -> None:
    """On a file system of twenty megabytes, which only this program sees."""
    small = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
    script = f'mount -t tmpfs -o size=20m none {folder} && exec "$@"'

    program = start(folder, under=(*small, script, "sh"))

    said = program.errors()
    assert said.count("\n") == 1, said
    assert "Check free disk space" in said or "No space left on device" in said
    assert "motcua doctor" in said
    assert program.exit_code == 1


def test_a_folder_that_cannot_be_written_is_told_in_one_line(start: Start) -> None:
    program = start(Path("/proc/motcua"))

    said = program.errors()
    assert said.startswith("motcua: The data folder /proc/motcua cannot be used")
    assert len(said.splitlines()) == 1
    assert program.exit_code == 1


WATCHED = """
import asyncio, signal, sys
from app.servers import process
async def main():
    child = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
    await process.watch(child, signal.SIGINT)
    print(child.pid, flush=True)
    if sys.argv[1] == "stop":
        await process.stop(child, signal.SIGTERM)
        return
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_where_the_kernel_tells_nobody_a_watcher_ends_the_child(start: Start) -> None:
    """The way of macOS, which works on every system."""
    with subprocess.Popen(
        [sys.executable, "-c", WATCHED, "serve"], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        children = [psutil.Process(int(holder.stdout.readline()))]
        children += psutil.Process(holder.pid).children()
        assert len(children) == 3, "the child twice, and its watcher"

        holder.kill()

    _, alive = psutil.wait_procs(children, 30)
    assert not alive
