"""Traces, when a collector is named: who called whom, and nothing of what they said."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest
from litestar import Litestar
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from app.core import tracing
from app.core.operation import operation
from app.http.tracing import Traced
from app.settings import Settings, SettingsError
from tests.audit.test_journal import note
from tests.conftest import Stores
from tests.operation.collector import Collector, collecting

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        tracing.install(found.url, process="test")
        try:
            yield found
        finally:
            tracing.close()


def attributes(span: Span) -> dict[str, object]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


async def test_a_request_and_its_operation_are_one_trace_that_the_caller_began(
    app: Litestar, database: Stores, collector: Collector
) -> None:
    transport = httpx.ASGITransport(app=Traced(app), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://motcua.test") as http:
        answer = await http.post(
            "/v1/auth/otp",
            headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
            json={"phone": "0912345678", "purpose": "sign_in"},
        )
        await http.get("/t/a-secret-link")
    tracing.close()
    assert answer.status_code == 202, answer.text

    asked = [span for span in collector.spans() if span.trace_id.hex() == TRACE]
    assert "POST /v1/auth/otp" in {span.name for span in asked}
    request = next(span for span in asked if span.name == "POST /v1/auth/otp")
    operations = [span for span in asked if span.name.startswith("app.identity.operations")]
    assert operations
    assert all(span.parent_span_id == request.span_id for span in operations)
    told = attributes(request)
    assert (told["http.route"], told["http.response.status_code"]) == ("/v1/auth/otp", 202)
    sent = b"".join(collector.bodies)
    assert b"912345678" not in sent
    assert b"a-secret-link" not in sent


async def test_what_goes_wrong_is_told_by_its_kind_and_never_by_its_words(
    database: Stores, collector: Collector
) -> None:
    @operation
    async def fails() -> None:
        raise LookupError("0912345678 is not known")

    with pytest.raises(LookupError):
        await fails()
    tracing.close()
    [span] = collector.spans()
    assert (span.status.code, attributes(span)) == (Status.STATUS_CODE_ERROR, {"error.type": "LookupError"})
    assert list(span.events) == []
    assert b"0912345678" not in collector.bodies[0]


async def test_only_names_on_the_list_become_attributes(collector: Collector) -> None:
    with tracing.span("a span", request_id="7", phone="0912345678") as made:
        made.tell(fact="a.fact", name="Lan")
    tracing.close()
    [span] = collector.spans()
    assert attributes(span) == {"motcua.request_id": "7", "motcua.fact": "a.fact"}


async def test_without_a_collector_nothing_is_made(database: Stores, now: datetime) -> None:
    assert not tracing.is_on()
    with tracing.span("a span") as made:
        assert made is tracing.NO_SPAN
    await note(action="one.happened", now=now)


def test_without_a_collector_the_libraries_are_not_even_loaded() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, app.main, jobs.worker; print([n for n in sys.modules if 'opentelemetry' in n])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="MOTCUA_TRACES_URL"):
        Settings.from_environment({"MOTCUA_TRACES_URL": "collector:4317"})
