"""The plugin of pytest: listens, knows which test runs, and fails the session for what was found."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.canaries.net import NET, Find

FOUND: Final = "canaries"
HEARD: Final = "canaries_looked_at"


def pytest_configure(config: pytest.Config) -> None:
    if not _only_hands_out(config):
        from tests.canaries import ears

        ears.listen()


def _only_hands_out(config: pytest.Config) -> bool:
    """Whether the tests run in workers of this process; it says nothing itself."""
    return config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")


def pytest_runtest_logstart(nodeid: str) -> None:
    NET.begin(nodeid)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    from tests.canaries import ears

    ears.FILES.read(only_of=NET.test)  # before a fixture takes its folder away
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report: pytest.TestReport = yield
    # What came to file descriptors 1 and 2 in this phase, from us or a child; earlier ones are repeated.
    for when, stream, said in item._report_sections:
        if when == report.when and stream in {"stdout", "stderr"}:
            NET.look(f"the output of a process ({stream})", said)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if not _only_hands_out(session.config):
        from tests.canaries import ears

        ears.FILES.read()
        ears.look_at_own_figures()
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[FOUND], output[HEARD] = [tuple(find) for find in NET.finds], NET.looked_at
    elif NET.finds and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended: what it found comes home."""
    output = getattr(node, "workeroutput", {})
    NET.looked_at += output.get(HEARD, 0)
    for found in output.get(FOUND, ()):
        NET.add(Find(*found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if NET.finds:
        terminalreporter.section("somebody is found in what the product tells of itself", red=True)
        for find in NET.finds:
            terminalreporter.write_line(str(find))
    else:
        told = f"{NET.looked_at / 1024:.0f} kB of logs, traces and figures looked through, nobody is found"
        terminalreporter.write_line(told)
