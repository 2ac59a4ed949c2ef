"""All checks, judged and told."""

from typing import Any, Final, NamedTuple

from partners.postal.kit import numbering, receiving, reporting
from partners.postal.kit.seen import Seen
from partners.postal.kit.verdicts import Check, Result, Verdict

CHECKS: Final[tuple[Check, ...]] = (*receiving.CHECKS, *reporting.CHECKS, *numbering.CHECKS)


class Outcome(NamedTuple):
    """The verdict on every check, in the order of the catalogue."""

    url: str
    verdicts: dict[str, Verdict]

    def named(self, result: Result) -> list[str]:
        return [name for name, verdict in self.verdicts.items() if verdict.result is result]

    @property
    def ok(self) -> bool:
        return not self.named(Result.FAIL)

    def as_dict(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "ok": self.ok,
            **{result.value: len(self.named(result)) for result in Result},
            "checks": [
                {
                    "name": check.name,
                    "must": check.must._asdict(),
                    "result": (verdict := self.verdicts[check.name]).result.value,
                    "reason": verdict.reason._asdict() if verdict.reason else None,
                }
                for check in CHECKS
            ],
        }


def judge(url: str, seen: Seen) -> Outcome:
    return Outcome(url, {check.name: check.judge(seen) for check in CHECKS})
