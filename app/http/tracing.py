"""A span per request, named by its route. The layer is there only where traces are sent."""

from typing import Any, Final

from litestar.types import ASGIApp, Message, Receive, Send

from app.core.tracing import span

TRACEPARENT: Final = b"traceparent"
SERVER_ERROR: Final = 500


class Traced:
    """The layer around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caller = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name == TRACEPARENT
        }
        with span("request", caller=caller, http_request_method=scope["method"]) as made:

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = scope.get("path_template")
                    made.name(f"{scope['method']} {route or '(none)'}")
                    made.tell(
                        http_route=route or "(none)",
                        http_response_status_code=message["status"],
                        request_id=str(scope.get("motcua_request_id", "")),
                    )
                    if message["status"] >= SERVER_ERROR:
                        made.failed(str(message["status"]))
                await send(message)

            await self._app(scope, receive, noting)
