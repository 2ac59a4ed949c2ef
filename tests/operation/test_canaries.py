"""Nobody is found in what the processes tell of themselves: logs at their most talkative, traces, figures.

The morning is played over real processes, and beside it somebody asks badly, with words we look for after.
What to look for is then read from the database the morning left: every phone, name, number, address, code
and text of it, the keys, the passwords and the secrets.
"""

import asyncio
import contextlib
import json
import os
import re
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest
import redis.asyncio as redis

from app.core import keys as core_keys
from app.demo.stage import LOG_NAME
from app.servers import running_servers
from app.servers.ports import free_port
from partners.postal.webhooks import place_of
from tests.operation.collector import Collector, collecting

WITHIN_S = 240
TOKENS = re.compile(r"eyJ[\w-]{8,}\.|whsec_[\w+/=]{8,}|\+84\d{9}|BEGIN [A-Z ]*PRIVATE KEY")
# Said by a caller and by nobody else.
PHONE = "0987" + f"{secrets.randbelow(10**6):06d}"
NUMBER = "0370901" + f"{secrets.randbelow(10**5):05d}"
WORD = "canary" + secrets.token_hex(6)
PEOPLE = (
    "SELECT phone FROM phone_account WHERE phone IS NOT NULL UNION SELECT contact_phone FROM appointment"
    " UNION SELECT contact_name FROM appointment UNION SELECT phone FROM message"
    " UNION SELECT body FROM message UNION SELECT address_text FROM home_visit"
    " UNION SELECT contact_name FROM home_visit UNION SELECT contact_phone FROM home_visit"
)


def seen(canaries: Iterable[str], text: str) -> list[str]:
    """The canaries a text holds, a phone in any of its spellings."""
    found = [
        canary
        for canary in canaries
        if canary in text
        or (canary.startswith("+84") and canary.removeprefix("+84") in text)
        or json.dumps(canary)[1:-1] in text
    ]
    return found + [match[0] for match in TOKENS.finditer(text)]


async def ask_badly(address: str) -> list[int]:
    """Every way in which a caller's words might come back out in a log."""
    async with httpx.AsyncClient(base_url=address, timeout=20, trust_env=False) as http:
        bearer = {"Authorization": f"Bearer eyJhbGciOiJFUzI1NiJ9.{WORD}.{WORD}"}
        answers = [
            await http.get("/v1/availability", params={"centre": PHONE, "from": WORD}),
            await http.get(f"/t/{WORD}"),
            await http.get(f"/v1/track/{WORD}", params={"token": WORD}),
            await http.get(f"/v1/nothing/{NUMBER}"),
            await http.get("/v1/documents", headers=bearer),
            await http.get("/v1/documents", headers={"Cookie": f"motcua={WORD}", "X-Request-Id": PHONE}),
            await http.get("/v1/boards/x%0d%0aforged", headers={"User-Agent": f"{WORD} {PHONE}"}),
            await http.post("/v1/auth/otp", json={"phone": PHONE, "extra": WORD}),
            await http.post("/v1/auth/otp", content=f'{{"phone": "{PHONE}", "x": {WORD}'.encode()),
            await http.post("/v1/auth/otp", json={"phone": PHONE, "purpose": "sign_in"}),
            await http.post("/v1/auth/staff", json={"username": "minh", "password": WORD}),
            await http.post(
                "/v1/auth/partner/token",
                data={"grant_type": "client_credentials", "client_id": PHONE, "client_secret": WORD},
            ),
            await http.post("/v1/callbacks/twilio/status", data={"To": PHONE, "MessageSid": WORD}),
            await http.put(f"/v1/appointments/{WORD}", json={"contact": {"name": WORD, "phone": PHONE}}),
        ]
    return [answer.status_code for answer in answers]


async def scrape(ports: tuple[int, int], told: dict[int, str]) -> None:
    """The figures of API and worker, as long as there are any."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        while True:
            for port in ports:
                with contextlib.suppress(httpx.HTTPError):
                    told[port] = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
            await asyncio.sleep(0.5)  # between two scrapes


async def cut_the_wakeups(folder: Path) -> None:
    """Who listens loses Redis for a moment, and says so: a log that says nothing proves nothing."""
    port = re.search(r"^port (\d+)", (folder / "redis" / "redis.conf").read_text(), re.MULTILINE)
    assert port is not None
    client = redis.Redis(port=int(port[1]), password=(folder / "redis" / "password").read_text())
    try:
        assert int(await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")) > 0
    finally:
        await client.aclose()


async def play(folder: Path, collector: Collector) -> tuple[str, dict[int, str]]:
    """The morning, beside it the one who asks badly: what was complained of, and the last figures."""
    api, worker = free_port(), free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL"} and not name.startswith(("MOTCUA_", "TWILIO_"))
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "demo", "--exit", "--json"),
        env=environment | {
            "MOTCUA_DATA_DIR": str(folder), "MOTCUA_PORT": str(api), "MOTCUA_LOG_LEVEL": "debug",
            "MOTCUA_WORKER_METRICS_PORT": str(worker), "MOTCUA_TRACES_URL": collector.url,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told: dict[int, str] = {}
    scraping = asyncio.create_task(scrape((api, worker), told))
    playing = asyncio.create_task(process.communicate())
    try:
        async with asyncio.timeout(WITHIN_S):
            while api not in told and not playing.done():
                await asyncio.sleep(0.1)
            statuses = await ask_badly(f"http://127.0.0.1:{api}")
            await cut_the_wakeups(folder)
            said, complained = await playing
    finally:
        scraping.cancel()
        await asyncio.gather(scraping, return_exceptions=True)
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complained.decode()[-2000:]
    assert json.loads(said)["ok"] is True
    assert max(statuses) < 500, statuses
    assert set(told) == {api, worker}
    return complained.decode(), told


async def secrets_of(folder: Path) -> set[str]:
    """Everything the morning knew that nobody else should."""
    key_file = msgspec.json.decode((folder / core_keys.FILE_NAME).read_bytes())
    keys = core_keys.load(folder / core_keys.FILE_NAME)
    found = {key_file[name] for name in ("index", "codes", "pages")} | set(key_file["fields"].values())
    found |= {line for pem in key_file["signing"].values() for line in pem.splitlines() if len(line) > 40}
    async with running_servers(folder, database_url=None, redis_url=None) as servers:
        connection = await asyncpg.connect(servers.database_url)
        found |= {row[0] for row in await connection.fetch(PEOPLE)}
        for row in await connection.fetch("SELECT id, secret_sealed FROM webhook_endpoint"):
            found.add(keys.fields.decrypt(row["secret_sealed"], place=place_of(row["id"])).decode())
        await connection.close()
        found |= {servers.database_url.split("@")[0].rsplit(":", 1)[-1]}
    links = {link for text in found for link in re.findall(r"https?://\S+?/[tk]/(\S+)", text)}
    codes = {code for text in found if "OTP" in text for code in re.findall(r"\b\d{6}\b", text)}
    return {each for each in found | links if len(each) >= 6} | codes | {"demo-minh", "sandbox-token"}


@pytest.mark.faults
async def test_nobody_is_found_in_logs_traces_and_figures(tmp_path: Path) -> None:
    with collecting() as collector:
        complained, figures = await play(tmp_path, collector)
    canaries = await secrets_of(tmp_path) | {PHONE, PHONE.removeprefix("0"), NUMBER, WORD}
    log = (tmp_path / LOG_NAME).read_text(errors="replace")

    # The net catches what it should, and there is something to search.
    lan = next(each for each in canaries if each.startswith("+84912"))
    assert seen(canaries, f"sent to 0{lan.removeprefix('+84')}") == [lan]
    assert len(canaries) > 30
    assert "wakeups_deaf" in log
    names = {span.name for span in collector.spans()}
    assert {"POST /v1/appointments", "app.appointments.operations.book.book"} & names
    assert any(name.startswith("people ") for name in names)
    assert all("motcua_" in text for text in figures.values())

    assert seen(canaries, log) == []
    assert seen(canaries, complained) == []
    assert seen(canaries, b"".join(collector.bodies).decode("utf-8", errors="replace")) == []
    for text in figures.values():
        assert seen(canaries, text) == []
