"""The programs a newcomer starts: they play to the end, on servers of their own."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from app.servers.ports import free_port

WITHIN_S = 240


async def play(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run the program in an empty folder; its one JSON object, once it has ended with code 0."""
    port = free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL"} and not name.startswith(("MOTCUA_", "TWILIO_"))
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", *arguments, "--exit", "--json"),
        env=environment | {"MOTCUA_DATA_DIR": str(folder), "MOTCUA_PORT": str(port)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN_S):
        said, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()[-2000:]
    summary: dict[str, Any] = json.loads(said)
    return summary


async def test_a_morning_plays_and_everything_owed_is_delivered(tmp_path: Path) -> None:
    morning = await play(tmp_path, "demo")

    assert morning["ok"] is True
    assert len(morning["steps"]) > 20
    assert morning["sms"] == morning["sms_owed"]
    assert morning["webhooks"] == morning["webhooks_owed"] > 0
    names = [step["name"] for step in morning["steps"]]
    assert {"held", "confirmed", "checked_in", "walk_in", "called", "dossier_accepted"} <= set(names)


async def test_a_stranger_plays_the_morning_again_in_the_same_folder(tmp_path: Path) -> None:
    first = await play(tmp_path, "demo")
    again = await play(tmp_path, "demo")

    assert first["ok"] is again["ok"] is True
    # How many are told together depends on who came first (decision 57); that all are told does not.
    assert first["sms"] == first["sms_owed"] > 0
    assert again["sms"] == again["sms_owed"] > 0
    assert again["webhooks"] == again["webhooks_owed"] == first["webhooks_owed"]


async def test_an_hour_of_a_day_plays_fast_and_nobody_is_forgotten(tmp_path: Path) -> None:
    day = await play(tmp_path, "simulate", "--speed", "300", "--until", "8")

    assert day["ok"] is True
    assert day["waiting"] == 0
    assert day["tickets"] == day["called"] > 5
    assert day["booked"] > 0
    assert day["sms"] >= day["booked"]


async def test_couriers_ride_on_a_fast_day_and_every_bag_and_dong_is_accounted_for(tmp_path: Path) -> None:
    day = await play(
        tmp_path, "simulate", "--speed", "240", "--until", "10", "--load", "0.1", "--couriers", "5"
    )

    assert day["ok"] is True
    assert day["visits_promised"] > 0
    assert sum(day["visits_ended"].values()) == day["visits_promised"]
    assert sum(day["deliveries_ended"].values()) == day["deliveries_promised"]
    given_back = day["results_delivered"] + day["results_held"] + day["results_returned"]
    assert day["custody"]["packages"] == day["packages_received"] + given_back
    assert day["custody"]["faults"] == day["custody"]["with_couriers"] == 0
    assert day["broken_without_incident"] == 0
    assert day["differences"] == []
    assert day["settlement"]["balanced"] is True
