"""Traces (OpenTelemetry), when a collector is named; otherwise nothing is imported and nothing is measured.

A span says which operation, route or piece of work, how long, and the class of what went wrong. It never
holds an argument, a path, a text of an error or a row: those may name people. Only the names in `ALLOWED`
become attributes.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

ALLOWED: Final = frozenset(
    {
        "http.request.method", "http.route", "http.response.status_code", "error.type",
        "motcua.request_id", "motcua.fact", "motcua.subscriber", "motcua.attempt", "motcua.outcome",
    }
)  # fmt: skip
TRACES_PATH: Final = "/v1/traces"

_installed: list[Any] = []


class Span:
    """What the body of a span may add to it."""

    def __init__(self, real: Any = None) -> None:
        self._real = real

    def tell(self, **said: str | int) -> None:
        """Add attributes, underscores for dots: `tell(http_route="/v1/me")`; others are dropped."""
        for name, value in said.items():
            spelled = _SPELLED.get(name)
            if self._real is not None and spelled is not None:
                self._real.set_attribute(spelled, value)

    def name(self, name: str) -> None:
        if self._real is not None:
            self._real.update_name(name)

    def failed(self, kind: str) -> None:
        """Mark it as gone wrong, by the kind of error only."""
        if self._real is not None:
            from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - absent while off

            self._real.set_attribute("error.type", kind)
            self._real.set_status(Status(StatusCode.ERROR))


_SPELLED: Final = {name.replace(".", "_").removeprefix("motcua_"): name for name in ALLOWED}
NO_SPAN: Final = Span()


def is_on() -> bool:
    return bool(_installed)


@contextlib.contextmanager
def span(name: str, *, caller: Mapping[str, str] | None = None, **said: str | int) -> Iterator[Span]:
    """A span for as long as the block runs; `caller` holds who asked (W3C trace context headers)."""
    if not _installed:
        yield NO_SPAN
        return
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - absent while off
        TraceContextTextMapPropagator,
    )

    context = TraceContextTextMapPropagator().extract(dict(caller)) if caller else None
    tracer = _installed[0].get_tracer("motcua")
    with tracer.start_as_current_span(
        name, context=context, record_exception=False, set_status_on_exception=False
    ) as real:
        made = Span(real)
        made.tell(**said)
        try:
            yield made
        except BaseException as reason:
            made.failed(type(reason).__name__)
            raise


def install(url: str, *, process: str) -> None:
    """Send spans to a collector that speaks OTLP over HTTP; from a thread of its own, in batches.

    A collector that is away costs spans and nothing else: requests never wait for it.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource({"service.name": "motcua", "service.instance.id": process}))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=url.rstrip("/") + TRACES_PATH, timeout=5))
    )
    _installed[:] = [provider]


def close() -> None:
    """Send what is left and stop."""
    for provider in _installed:
        provider.shutdown()
    _installed.clear()
