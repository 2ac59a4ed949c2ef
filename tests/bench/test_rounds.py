"""An instance given by path is planned or refused in words; the baseline breaks no rule but one."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.rounds.planning.checker import Fault, violations
from app.rounds.planning.generator import province_day
from bench.rounds import nearest_courier

INSTANCE = """TINY

VEHICLE
NUMBER     CAPACITY
  2         10

CUSTOMER
CUST NO.  XCOORD.  YCOORD.  DEMAND  READY TIME  DUE DATE  SERVICE TIME

    0   0   0   0   0   100   0
    1   3   4   4   0    50   5
    2   3   4   7  20    60   5
"""


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", *arguments])


def written(folder: Path, text: str) -> str:
    file = folder / "instance.txt"
    file.write_text(text)
    return str(file)


def test_an_instance_is_answered_with_distance_and_routes(tmp_path: Path):
    done = bench("rounds", "--instance", written(tmp_path, INSTANCE), "--cpu-seconds", "0.1")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0
    assert answer["instance"] == "TINY" and answer["cost"] == 20.0
    assert sorted(answer["routes"]) == [[1], [2]] and answer["violations"] == []


def test_an_instance_nobody_can_serve_says_what_is_wrong(tmp_path: Path):
    done = bench(
        "rounds",
        "--instance",
        written(tmp_path, INSTANCE.replace("60   5", "60  99")),
        "--cpu-seconds",
        "0",
    )
    answer = json.loads(done.stdout)
    assert done.exit_code == 1
    assert answer["routes"] == []
    assert answer["violations"] == [{"fault": "unserved", "customer": 2}]


@pytest.mark.parametrize(("name", "text"), [("rounds", "no instance"), ("forecast", INSTANCE)])
def test_what_is_no_instance_or_no_bench_for_it_is_refused(tmp_path: Path, name: str, text: str):
    done = bench(name, "--instance", written(tmp_path, text))
    assert done.exit_code == 2 and done.stdout == ""


def test_the_nearest_courier_loses_people_but_keeps_the_rules():
    problem = province_day(60, 10, seed=1).problem
    assert {each.fault for each in violations(problem, nearest_courier(problem))} == {Fault.UNSERVED}
