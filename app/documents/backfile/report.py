"""What an import tells: how many, how fast, and each line that was refused."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.documents.backfile.reasons import Refused

FIELDS: Final = ("line", "column", "code", "vi", "en")


@dataclass
class Report:
    """`already` were kept by an earlier run; `interrupted` is why it ended before the list did."""

    dry_run: bool
    taken: int = 0
    already: int = 0
    bytes: int = 0
    seconds: float = 0.0
    refused: list[Refused] = field(default_factory=list)
    interrupted: str = ""

    @property
    def lines(self) -> int:
        return self.taken + self.already + len(self.refused)

    @property
    def is_good(self) -> bool:
        return not self.refused and not self.interrupted

    def as_dict(self) -> dict[str, Any]:
        return {
            "dry_run": self.dry_run,
            "lines": self.lines,
            "taken": self.taken,
            "already": self.already,
            "bytes": self.bytes,
            "seconds": round(self.seconds, 2),
            "files_per_second": round(self.taken / self.seconds, 2) if self.seconds else 0.0,
            "interrupted": self.interrupted,
            "refused": [each.as_dict() for each in self.refused],
        }

    def as_text(self) -> str:
        told = self.as_dict()
        lines = [
            f"! {each['line']}, {each['column'] or '–'}: {each['code']} – {each['vi']} / {each['en']}"
            for each in told["refused"]
        ]
        if self.interrupted:
            lines.append(f"Interrupted ({self.interrupted}); run it again, nothing is imported twice.")
        lines.append(
            f"{self.taken} paper(s) {'would be imported' if self.dry_run else 'imported'},"
            f" {self.already} there already, {len(self.refused)} line(s) refused;"
            f" {told['files_per_second']} files a second."
        )
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """The refused lines as CSV that a spreadsheet opens with its marks whole."""
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(each.as_dict() for each in self.refused)
