"""`motcua partner-kit` as a postal IT department runs it: programs, ports and exit codes."""

import asyncio
import json
import os
import sys
from typing import Any

from app.servers.ports import free_port
from partners.postal.emulator.office import WEBHOOK_PATH

WITHIN_S = 120


async def run(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def kit(*arguments: str) -> tuple[int | None, dict[str, Any], str]:
    """Exit code, the object on stdout, and what was said beside it."""
    process = await run("-m", "app.cli", "partner-kit", "--json", *arguments)
    async with asyncio.timeout(WITHIN_S):
        out, err = await process.communicate()
    return process.returncode, json.loads(out or "{}"), err.decode()


async def examined(*fault: str) -> tuple[int | None, dict[str, Any], str]:
    port, motcua_port = free_port(), free_port()
    emulator = await run(
        *("-m", "partners.postal.emulator", "--port", str(port)),
        *("--motcua", f"http://127.0.0.1:{motcua_port}", *fault),
        POSTAL_CLIENT_ID="kit",
        POSTAL_CLIENT_SECRET="kit",
    )
    try:
        return await kit(f"http://127.0.0.1:{port}{WEBHOOK_PATH}", "--listen", f"127.0.0.1:{motcua_port}")
    finally:
        if emulator.returncode is None:
            emulator.terminate()
        await emulator.communicate()


async def test_a_sound_program_ends_with_zero() -> None:
    code, told, said = await examined()

    assert (code, told.get("ok"), told.get("fail"), told.get("skipped")) == (0, True, 0, 0), said
    assert all(check["must"]["vi"] and check["must"]["en"] for check in told["checks"])


async def test_a_faulty_program_ends_with_one_and_the_check_says_why_in_both_languages() -> None:
    code, told, said = await examined("--fault", "accepts-old-timestamp")

    failed = {check["name"]: check["reason"] for check in told["checks"] if check["result"] == "fail"}
    assert (code, told["ok"]) == (1, False), said
    assert failed["old-timestamp-is-refused"]["en"].startswith("Answered 204")
    assert failed["old-timestamp-is-refused"]["vi"].startswith("Trả lời 204")


async def test_where_nobody_answers_there_is_nothing_to_examine() -> None:
    nobody = f"http://127.0.0.1:{free_port()}/webhooks"
    listen = ("--listen", f"127.0.0.1:{free_port()}")

    code, told, said = await kit(nobody, *listen, "--secret", "whsec_" + "A" * 32)
    assert (code, told) == (2, {}), said
    assert "Nothing answers at" in said

    code, _, said = await kit(nobody, *listen, "--patience", "1")
    assert code == 2, said
    assert "No webhook" in said


async def test_a_secret_that_is_none_and_an_address_that_is_none_are_told_in_one_line() -> None:
    for arguments in (("ftp://x",), ("http://x", "--listen", "nowhere")):
        code, _, said = await kit(*arguments)
        assert code == 2
        assert "Traceback" not in said
        assert len(said.strip().splitlines()) == 1
