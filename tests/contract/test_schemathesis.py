"""The contract, played with: as each of the five callers no input gives a 500 or an undocumented status.

Whoever a route lets in plays a dozen inputs with it; everybody else is turned away at the door, which two
show as well as a dozen.
"""

import uuid
import warnings
from collections.abc import Set as AbstractSet
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from litestar import Litestar
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from app.http.access import CALLERS, OPEN_DOORS
from app.http.openapi import handlers_of
from app.http.principals import Caller
from app.sample import seed
from tests import remembered

EXAMPLES = 12
AT_THE_DOOR = 2
STAFF = (Caller.OFFICER, Caller.SHIFT_LEAD, Caller.CENTRE_LEADER, Caller.MESSAGE_EDITOR)
EVERYBODY: dict[str, tuple[Caller, ...]] = {
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


@pytest.mark.parametrize("who", EVERYBODY)
async def test_no_input_gives_a_500_or_an_undocumented_status(
    served: str, app: Litestar, database: object, sign_in: Any, now: Any, who: str
) -> None:
    await remembered.catalogue(now)
    headers, callers = {"If-Match": '"1"'}, EVERYBODY[who]
    if callers:
        staff = callers[0] in {Caller.OFFICER, Caller.DEVICE}
        signed_in = await sign_in(
            *callers,
            centre_id=seed.DEMO_CENTRE_ID if staff else None,
            scopes=SCOPES if who == "partner" else frozenset(),
        )
        headers |= signed_in.headers

    # Doors that are open to anyone are played with by nobody in particular.
    own = frozenset(callers) or OPEN_DOORS
    let_in = {
        str(each.operation_id) for each in handlers_of(app) if own & each.opt.get(CALLERS, frozenset())
    }
    failures = _play(served, headers, let_in)

    assert failures == []


def _play(served: str, headers: dict[str, str], let_in: AbstractSet[str]) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fuzzer's own libraries warn about themselves
        schema = schemathesis.openapi.from_url(f"{served}/openapi.json")
        failures = []
        for result in schema.get_all_operations():
            operation = result.ok()
            if operation is None or operation.path.endswith(LEFT_OUT):
                continue
            try:
                inside = operation.definition.raw["operationId"] in let_in
                _play_operation(operation, headers, examples=EXAMPLES if inside else AT_THE_DOOR)
            except Exception as reason:  # noqa: BLE001 - every kind of failure is a finding
                words = " ".join(str(reason).split())
                failures.append(f"{operation.method.upper()} {operation.path}: {words[:700]}")
        return failures


def _play_operation(operation: Any, headers: dict[str, str], *, examples: int) -> None:
    @settings(
        max_examples=examples,
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
