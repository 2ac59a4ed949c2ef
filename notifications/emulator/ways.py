"""`python -m notifications.emulator.ways`: a mail server, a gateway, Zalo and a push service for whoever
tries them, and a page that shows what they were given.

Accounts are those of the environment (`told`). What these providers hand out as files is written into the
folder before the page answers. A receipt comes a moment after a message, as a provider would send it.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import httpx

from notifications.brandname.codes import SENT
from notifications.emulator.brandname import BrandnameGateway
from notifications.emulator.gateway import Provider, running
from notifications.emulator.mail import Received, running_mail
from notifications.emulator.page import MailboxPage
from notifications.emulator.push import PushService
from notifications.emulator.told import ACCOUNT_FILE, AUTHORITY, Ports, write_templates, zalo_templates
from notifications.emulator.zalo import ZaloEmulator

RECEIPT_AFTER_S: Final = 1.0
ZALO_EVENTS: Final = "/v1/callbacks/zalo"


@contextlib.asynccontextmanager
async def running_ways(folder: Path, ports: Ports, *, motcua: str) -> AsyncIterator[MailboxPage]:
    """All of them, for as long as the block runs."""
    env = os.environ
    page = MailboxPage(ports.page)
    gateway = BrandnameGateway(
        key=env["MOTCUA_BRANDNAME_KEY"],
        secret=env["MOTCUA_BRANDNAME_SECRET"],
        brandname=env["MOTCUA_BRANDNAME"],
        port=ports.brandname,
    )
    zalo = ZaloEmulator(
        app_id=env["MOTCUA_ZALO_APP_ID"],
        secret_key=env["MOTCUA_ZALO_SECRET_KEY"],
        refresh_token=env["MOTCUA_ZALO_REFRESH_TOKEN"],
        events_secret=env["MOTCUA_ZALO_EVENTS_SECRET"],
        templates={each.id: set(each.parameters) for each in zalo_templates().values()},
        port=ports.zalo,
    )
    push = PushService(knows_everybody=True, port=ports.push)
    write_templates(Path(env["MOTCUA_ZALO_TEMPLATES"]))
    _write_secret(folder / ACCOUNT_FILE, json.dumps(push.account_file()))
    _follow(gateway, page, "brandname", lambda n: gateway.call_back(n, SENT, succeeded=1))
    _follow(zalo, page, "zalo", lambda n: zalo.call_back(n, f"{motcua}{ZALO_EVENTS}"))
    _follow(push, page, "push", None)

    def letter(received: Received) -> None:
        page.note_letter(received.to, received.mail)

    async with running_mail(
        user=env["MOTCUA_SMTP_USER"], password=env["MOTCUA_SMTP_PASSWORD"], port=ports.mail, heard=letter
    ) as mail:
        shutil.copyfile(mail.ca_file, folder / AUTHORITY)
        with contextlib.ExitStack() as stack:
            for provider in (gateway, zalo, push):
                stack.enter_context(running(provider))
            threading.Thread(target=page.serve_forever, args=(0.02,), daemon=True).start()
            try:
                yield page
            finally:
                page.shutdown()
                page.server_close()


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _follow(
    provider: Provider, page: MailboxPage, way: str, receipt: Callable[[int], object] | None
) -> None:
    """Every message is shown, and where there are receipts its own is sent."""

    def heard(taken: dict[str, Any]) -> None:
        page.note(way, taken)
        if receipt is not None:
            later = threading.Timer(RECEIPT_AFTER_S, _send, (receipt, len(provider.taken) - 1))
            later.daemon = True
            later.start()

    provider.heard = heard


def _send(receipt: Callable[[int], object], n: int) -> None:
    # Nobody there: then none came, which happens with a real provider, too.
    with contextlib.suppress(httpx.HTTPError):
        receipt(n)


async def _until_stopped(folder: Path, ports: Ports, motcua: str) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        async with running_ways(folder, ports, motcua=motcua):
            await stop.wait()
    except OSError as reason:
        sys.exit(f"message ways' emulators: {reason.strerror or reason}.")


def main() -> None:
    parser = argparse.ArgumentParser(description="Emulators of the ways messages go")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--motcua", required=True, help="where receipts are sent")
    for name in Ports._fields:
        parser.add_argument(f"--{name}", type=int, required=True)
    told = parser.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ports = Ports(*(getattr(told, name) for name in Ports._fields))
    asyncio.run(_until_stopped(told.folder, ports, told.motcua))


if __name__ == "__main__":
    main()
