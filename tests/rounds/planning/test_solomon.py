"""Solomon's format: what is read, what is refused, and the rounding everybody compares by."""

import pytest

from app.rounds.planning import solomon
from app.rounds.planning.checker import violations
from app.rounds.planning.solver import plan

TEXT = """TINY

VEHICLE
NUMBER     CAPACITY
  2         10

CUSTOMER
CUST NO.  XCOORD.  YCOORD.  DEMAND  READY TIME  DUE DATE  SERVICE TIME

    0   0   0   0   0   100   0
    1   1   1   4   0    50   5
    2   2   2   7  20    60   5
    3   3   4   3   0    90   5
"""


def test_customers_vehicles_and_times_are_read_in_tenths():
    name, problem = solomon.read(TEXT)
    assert name == "TINY"
    assert len(problem.duties) == 2 and problem.duties[0][1:4] == (0, 1000, 0)
    assert problem.duties[0].capacity == 10
    assert problem.stops[1][:4] == (2, 200, 600, 50) and problem.stops[1].size == 7


def test_distances_are_truncated_to_one_decimal():
    _, problem = solomon.read(TEXT)
    assert problem.travel[0].tolist() == [0, 14, 28, 50]  # 1.414, 2.828, 5


def test_a_plan_is_told_in_the_instances_own_numbers():
    _, problem = solomon.read(TEXT)
    found = plan(problem, cpu_seconds=0.1)
    assert violations(problem, found) == []
    assert sorted(sorted(each) for each in solomon.routes(found)) == [[1], [2, 3]]
    assert solomon.cost(problem, found) == pytest.approx(2.8 + 2.8 + 2.2 + 5.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TINY\n",
        TEXT.replace("NUMBER", "MANY"),
        TEXT.replace("  3   3   4   3   0    90   5", "  3   3   4"),
        TEXT.replace("    3   3", "    4   3"),
        TEXT.replace("  2         10", "  2"),
    ],
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(solomon.NotSolomon):
        solomon.read(text)
