"""Alerts and dashboard name figures that a process really tells, and every alert has its runbook."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "operation"
# The modules whose figures are told: those of every process, of the API and of the worker.
TELLING = ("app.entrance", "app.main", "jobs.worker")


def alerts() -> list[dict[str, Any]]:
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in rules["groups"] for rule in group["rules"]]


def asked() -> Iterator[tuple[str, str]]:
    """Every expression, and who asks it."""
    for alert in alerts():
        yield alert["alert"], alert["expr"]
    for panel in json.loads((FOLDER / "dashboard.json").read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def told() -> set[str]:
    for name in TELLING:
        importlib.import_module(name)
    found = set()
    for family in REGISTRY.collect():
        found |= {family.name, *(f"{family.name}_{end}" for end in _ends(family.type))}
    return {name for name in found if name.startswith("motcua_")}


def _ends(kind: str) -> tuple[str, ...]:
    return {"histogram": ("bucket", "count", "sum"), "counter": ("total",)}.get(kind, ())


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\bmotcua_[a-z0-9_]+", expression))


def test_every_figure_that_is_asked_is_told() -> None:
    known = told()
    unknown = {(who, name) for who, asks in asked() for name in names_in(asks) if name not in known}
    assert unknown == set()
    assert all(names_in(asks) or asks.startswith("up{") for _, asks in asked())


def test_every_state_we_tell_is_on_the_dashboard_and_explained() -> None:
    shown = {name for _, asks in asked() for name in names_in(asks)}
    explained = (ROOT / "docs" / "runbooks" / "metrics.md").read_text()
    ours = {family.name for family in REGISTRY.collect() if family.name.startswith("motcua_")} & told()
    of_neighbours = {name for name in ours if name.startswith(("motcua_portal_", "motcua_registry_"))}
    plain = ours - of_neighbours
    assert {name for name in plain if not any(each.startswith(name) for each in shown)} == set()
    assert {name for name in plain if name not in explained} == set()


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    file, _, anchor = alert["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (\w+)$", (ROOT / file).read_text(), re.MULTILINE)
    assert anchor == alert["alert"].lower()
    assert alert["alert"] in headings


def test_no_runbook_is_of_an_alert_that_is_none() -> None:
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs/runbooks/alerts.md").read_text(), re.MULTILINE)
    assert headings == [alert["alert"] for alert in alerts()]
