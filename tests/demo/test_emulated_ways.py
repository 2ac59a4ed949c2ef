"""The emulated ways as `motcua up` starts them: a process of its own, our own clients, and the page."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.channel_settings import channel_settings
from app.demo.stage import _with_ways
from app.servers.ports import free_port
from app.settings import Settings
from notifications.channels import open_channels
from notifications.emulator.told import HOST, Ports, environment, write_templates, zalo_templates
from notifications.port import Accepted, Channels, Content, Outgoing
from notifications.ways import Way
from notifications.zalo.registered import load

PATIENCE_S = 180
MINE = Ports(1, 2, 3, 4, 5)


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Its address, and what an installation is told."""
    ports = Ports(*(free_port() for _ in Ports._fields))
    told = {name: value for each in environment(tmp_path, ports).values() for name, value in each.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notifications.emulator.ways", "--folder", str(tmp_path)),
        *("--motcua", f"http://{HOST}:{free_port()}"),
        *(part for name, port in ports._asdict().items() for part in (f"--{name}", str(port))),
        env=dict(os.environ) | told,
        stderr=asyncio.subprocess.PIPE,
    )
    address = f"http://{HOST}:{ports.page}"
    try:
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(trust_env=False) as http:
            while True:
                assert process.returncode is None
                try:
                    await http.get(address)
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
        yield address, told
        process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert "Traceback" not in said.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_our_own_clients_are_let_in_and_what_they_send_is_on_the_page(
    database: Any, settings: Settings, page: tuple[str, dict[str, str]]
) -> None:
    address, told = page
    ours = replace(settings, channels=channel_settings(told))
    async with open_channels(ours) as channels:
        await _send_by_every_way(channels)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
        listed = (await http.get("/__log")).json()["messages"]
        shown = (await http.get("/")).text

    assert {each["way"] for each in listed} == {"email", "brandname", "zalo", "push"}
    assert all("&lt;b&gt;" in shown or each["way"] == "zalo" for each in listed)
    assert "<b>" not in shown


async def _send_by_every_way(channels: Channels) -> None:
    template = channels.zalo_templates["dossier_accepted"]
    contents = {
        Way.ZALO: Content(template_id=template.id, parameters=dict.fromkeys(template.parameters, "<b>"))
    }
    addresses = {Way.EMAIL: "lan@mail.emulator", Way.PUSH: "token-of-a-device"}
    for way in (Way.EMAIL, Way.BRANDNAME, Way.ZALO, Way.PUSH):
        message = Outgoing(
            uuid.uuid4(), 1, "+84912345678", "Motcua <b>", 600, addresses.get(way, ""),
            contents.get(way, Content(title="Motcua")),
        )  # fmt: skip
        assert isinstance(await channels.others[way].send(message), Accepted), way


async def test_every_wording_of_ours_has_a_template_there(tmp_path: Path) -> None:
    """What an operator's file would be refused for is refused here, too."""
    write_templates(tmp_path / "templates.json")

    assert load(tmp_path / "templates.json") == zalo_templates()
    assert "dossier_accepted" in zalo_templates()


def test_ways_that_are_named_are_kept_and_the_others_emulated(settings: Settings) -> None:
    named = replace(settings, channels=channel_settings(environment(Path("/x"), MINE)["smtp"]))
    with_ways, ways = _with_ways(named)

    assert with_ways.channels.smtp == named.channels.smtp
    assert with_ways.channels.ways == ["sms", "brandname", "email", "zalo", "push"]
    assert with_ways.channels == with_ways.channels.here()
    assert not any(name.startswith("MOTCUA_SMTP") for name in ways.told)
    assert channel_settings(ways.told).brandname == with_ways.channels.brandname
