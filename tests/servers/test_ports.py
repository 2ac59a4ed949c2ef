"""Ports that stay free until whoever they are for listens."""

import socket
from pathlib import Path

import pytest

from app.servers import ports


def test_no_connection_that_leaves_is_given_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    leaving = tmp_path / "range"
    leaving.write_text("10300\t60999\n", encoding="ascii")
    monkeypatch.setattr(ports, "LEAVING", leaving)

    assert all(ports.LOWEST <= ports.free_port() < 10_300 for _ in range(20))


@pytest.mark.parametrize("said", ["", "1024\t65535\n", "nonsense"])
def test_where_nearly_all_leave_or_nobody_says_there_is_one_still(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str
) -> None:
    leaving = tmp_path / "range"
    leaving.write_text(said, encoding="ascii")
    monkeypatch.setattr(ports, "LEAVING", leaving)

    assert ports.LOWEST <= ports.free_port() < ports.LEAVING_FROM


def test_nobody_is_given_the_same_twice_or_one_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    lowest, given = ports.free_port(), []
    monkeypatch.setattr(ports, "_given", set())
    monkeypatch.setattr(ports, "LOWEST", lowest)
    monkeypatch.setattr(ports, "_leaving_from", lambda: lowest + 4)

    with socket.socket() as taken:
        taken.bind((ports.HOST, lowest))
        with pytest.raises(OSError, match="in use"):
            given.extend(ports.free_port() for _ in range(5))

    assert lowest not in given
    assert len(given) == len(set(given))
