"""`python -m partners.postal.emulator --port N --motcua URL`: the postal IT department, until stopped."""

import argparse
import asyncio
import os
from typing import Any, Final

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath

from partners.postal import signing
from partners.postal.emulator.client import MotcuaClient
from partners.postal.emulator.office import Office
from partners.postal.errors import SignatureNotAccepted

BAD_SIGNATURE: Final = 401


def make_app(office: Office) -> Litestar:
    """Their endpoints: our webhooks, what is said at doors and counters, and a log to look at."""

    @post("/webhooks/motcua", status_code=204)
    async def webhook(request: Request[Any, Any, Any]) -> Response[None]:
        body = await request.body()
        try:
            signing.verify(secret=office.secret, body=body, received=request.headers)
        except SignatureNotAccepted:
            return Response(None, status_code=BAD_SIGNATURE)
        office.hear(await request.json())
        return Response(None, status_code=204)

    @post("/counter/{task_id:str}/{officer:str}", status_code=200)
    async def counter(task_id: FromPath[str], officer: FromPath[str]) -> dict[str, bool]:
        await office.give_result(task_id, officer)
        return {"taken": True}

    @post("/door/{task_id:str}/{code:str}", status_code=200)
    async def door(task_id: FromPath[str], code: FromPath[str]) -> dict[str, bool]:
        await office.say_code(task_id, code)
        return {"said": True}

    @get("/__ready")
    async def ready() -> Response[dict[str, bool]]:
        return Response({"ready": office.ready}, status_code=200 if office.ready else 503)

    @get("/__log")
    async def log() -> dict[str, Any]:
        return {
            "webhooks": office.heard,
            "results": office.results,
            "seals": {task: phone.seal for task, phone in office.phones.items()},
        }

    handlers = [webhook, counter, door, ready, log]
    return Litestar(route_handlers=handlers, openapi_config=None, logging_config=None)


async def serve(port: int, motcua: str) -> None:
    client = MotcuaClient(motcua, os.environ["POSTAL_CLIENT_ID"], os.environ["POSTAL_CLIENT_SECRET"])
    office = Office(client)
    server = Server(
        make_app(office), address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False
    )
    serving = asyncio.create_task(server.serve())
    try:
        await office.open(f"http://127.0.0.1:{port}/webhooks/motcua")
        await serving
    finally:
        await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="postal partner emulator")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--motcua", required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.motcua))


if __name__ == "__main__":
    main()
