"""An operator at the machine stops the messages and lets them go, when nobody can sign in."""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.core import journal
from notifications import holds
from notifications.commands import message_commands

Invoke = Callable[..., Awaitable[Result]]


@pytest.fixture
def invoke(database: object) -> Invoke:
    """The commands as typed, their work done on this loop."""

    async def run(*arguments: str) -> Result:
        loop = asyncio.get_running_loop()

        def on_this_loop(work: Callable[[], Awaitable[Any]]) -> Any:
            async def done() -> Any:
                return await work()

            return asyncio.run_coroutine_threadsafe(done(), loop).result(30)

        return await asyncio.to_thread(CliRunner().invoke, message_commands(on_this_loop), arguments)

    return run


@pytest.mark.parametrize(
    ("which", "scope", "thing", "kind"),
    [
        ((), "all", "all", "messages"),
        (("--template", "otp"), "template:otp", "otp", "message_template"),
    ],
)
async def test_an_operator_holds_looks_and_lets_go(
    invoke: Invoke, which: tuple[str, ...], scope: str, thing: str, kind: str
) -> None:
    before = await invoke()
    held = await invoke("hold", *which, "--reason", "wrong account")
    shown, told = await invoke(), await invoke("--json")
    gone = await invoke("let-go", *which)

    assert before.output == "Nothing keeps messages from leaving.\n"
    assert [each.exit_code for each in (held, shown, told, gone)] == [0, 0, 0, 0]
    assert f"held: {scope} since" in shown.output and "0 waiting: wrong account" in shown.output
    assert [row["scope"] for row in json.loads(told.output)["holds"]] == [scope]
    assert await holds.holds() == []
    lines = await journal.about(thing)
    assert [(line.action, line.actor_kind, line.actor_id) for line in lines] == [
        (f"{kind}.held", "operator", getpass.getuser()),
        (f"{kind}.let_go", "operator", getpass.getuser()),
    ]


async def test_only_a_wording_there_is_can_be_held_and_a_hold_says_why(invoke: Invoke) -> None:
    unknown = await invoke("hold", "--template", "nothing", "--reason", "x")
    silent = await invoke("hold")

    assert (unknown.exit_code, silent.exit_code) == (2, 2)
    assert await holds.holds() == []
