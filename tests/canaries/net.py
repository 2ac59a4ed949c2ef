"""What no process may tell of itself, and who is found out telling it."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

# A line that is longer is looked at in pieces; a secret lies whole in one of two that overlap.
PIECE: Final = 64 * 1024
OVERLAP: Final = 512
LINE_LENGTH: Final = 300
SHORTEST_SECRET: Final = 8
FOUND_AT_MOST: Final = 50

PATTERNS: Final = {
    "a phone": r"(?<![\w.])(?:\+84|0084|84|0)[35789]\d{8}(?!\w)",
    # Province, century and sex, year of birth: what fixtures use, and what people have.
    "a personal number": r"(?<![\w.-])0(?:0[1-9]|[1-8]\d|9[0-6])\d{9}(?!\w)",
    "a token": r"eyJ[\w-]{6,}\.[\w-]*",
    "a webhook's secret": r"whsec_[\w+/=]{8,}",
    "a private key": r"BEGIN [A-Z ]*PRIVATE KEY",
}
ANY: Final = re.compile("|".join(f"(?P<k{n}>{each})" for n, each in enumerate(PATTERNS.values())))
KINDS: Final = tuple(PATTERNS)
# Six digits that stand alone: not the part of a second, not a piece of something longer.
CODE: Final = re.compile(r"(?<![\w.:+-])\d{6}(?![\w-])")


class Find(NamedTuple):
    """Who ran, where it was said, what it was, and the line without it."""

    test: str
    source: str
    kind: str
    line: str

    def __str__(self) -> str:
        return f"{self.test or '(no test)'}\n    {self.source} tells {self.kind}: {self.line}"


class Net:
    """One process's. `test` is the one that runs; codes are looked for while it does."""

    def __init__(self) -> None:
        self.test = ""
        self.finds: dict[Find, None] = {}
        self.looked_at = 0
        self._secrets: set[str] = set()
        self._codes: set[str] = set()

    def begin(self, test: str) -> None:
        self.test = test
        self._codes.clear()

    def secret(self, value: str) -> None:
        """A password or a token of somebody's configuration; a mere word is in every log."""
        if len(value) >= SHORTEST_SECRET and not value.isalpha():
            self._secrets.add(value)

    def code(self, value: str) -> None:
        """A code somebody was sent."""
        if CODE.fullmatch(value):
            self._codes.add(value)

    def look(self, source: str, text: str, *, test: str | None = None) -> None:
        """Look through what `source` said."""
        self.looked_at += len(text)
        for start in range(0, len(text), PIECE):
            piece = text[max(0, start - OVERLAP) : start + PIECE]
            for kind, found in self._in(piece):
                at = piece.index(found)
                begin, end = piece.rfind("\n", 0, at) + 1, piece.find("\n", at)
                line = piece[max(begin, at - LINE_LENGTH) : end if end >= 0 else None]
                self.add(Find(self.test if test is None else test, source, kind, self._masked(line)))

    def _in(self, piece: str) -> Iterator[tuple[str, str]]:
        for match in ANY.finditer(piece):
            yield KINDS[int((match.lastgroup or "k0")[1:])], match[0]
        for secret in self._secrets:
            if secret in piece:
                yield "a secret of the configuration", secret
        if self._codes:
            for match in CODE.finditer(piece):
                if match[0] in self._codes:
                    yield "a code", match[0]

    def _masked(self, line: str) -> str:
        for _, found in sorted(set(self._in(line)), key=lambda each: -len(each[1])):
            line = line.replace(found, found[:3] + "…" + found[-1:])
        return line[:LINE_LENGTH]

    def add(self, find: Find) -> None:
        if len(self.finds) < FOUND_AT_MOST:
            self.finds[find] = None


NET: Final = Net()
