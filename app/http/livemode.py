"""Every answer to a partner says whether it is real: `Motcua-Livemode: true`, or `false` in a sandbox."""

from typing import Final

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.core import sandbox

HEADER: Final = b"motcua-livemode"
TOLD_TO_PARTNERS: Final = ("/v1/partner/", "/v1/callbacks/postal/", "/oauth/token")


async def say_livemode(message: Message, scope: Scope) -> None:
    """Added as an answer leaves, so that a refusal has it too."""
    if message["type"] == "http.response.start" and scope["path"].startswith(TOLD_TO_PARTNERS):
        said = b"true" if sandbox.livemode() else b"false"
        message["headers"] = [*message["headers"], (HEADER, said)]


class SandboxTime:
    """The layer behind the door of a sandbox's routes: each request begins in the deployment's time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await sandbox.follow()
        await self._app(scope, receive, send)
