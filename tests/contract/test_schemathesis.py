"""The contract, played with: as each of the five callers no input gives a 500 or an undocumented status."""

import uuid
import warnings
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from app.http.principals import Caller
from app.sample import seed

EXAMPLES = 12
STAFF = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, Caller.MESSAGE_EDITOR)
CALLERS: dict[str, tuple[Caller, ...]] = {
    "nobody": (),
    "citizen": (Caller.CITIZEN,),
    "officer": STAFF,
    "device": (Caller.DEVICE,),
    "partner": (Caller.PARTNER,),
}
SCOPES = frozenset(
    {
        "visits:read",
        "visits:write",
        "couriers:write",
        "custody:write",
        "documents:write",
        "settlements:read",
        "settlements:write",
        "webhook:manage",
    }
)
# Streams never end; the figures page is Prometheus' own format.
LEFT_OUT = ("/stream", "/metrics")
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance)


@pytest.mark.parametrize("who", CALLERS)
async def test_no_input_gives_a_500_or_an_undocumented_status(
    served: str, database: object, sign_in: Any, now: Any, who: str
) -> None:
    await seed.load_catalogue(now=now)
    headers = {"If-Match": '"1"'}
    if CALLERS[who]:
        staff = CALLERS[who][0] in {Caller.OFFICER, Caller.DEVICE}
        signed_in = await sign_in(
            *CALLERS[who],
            centre_id=seed.DEMO_CENTRE_ID if staff else None,
            scopes=SCOPES if who == "partner" else frozenset(),
        )
        headers |= signed_in.headers

    failures = _play(served, headers)

    assert failures == []


def _play(served: str, headers: dict[str, str]) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fuzzer's own libraries warn about themselves
        schema = schemathesis.openapi.from_url(f"{served}/openapi.json")
        failures = []
        for result in schema.get_all_operations():
            operation = result.ok()
            if operation is None or operation.path.endswith(LEFT_OUT):
                continue
            try:
                _play_operation(operation, headers)
            except Exception as reason:  # noqa: BLE001 - every kind of failure is a finding
                words = " ".join(str(reason).split())
                failures.append(f"{operation.method.upper()} {operation.path}: {words[:700]}")
        return failures


def _play_operation(operation: Any, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def play(case: Any) -> None:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        case.call_and_validate(headers=headers | key, checks=CHECKS)

    play()
