"""The import: lines judged and files inspected side by side, kept one after the other in the list's order.

A paper is one transaction, so a killed run leaves whole papers and at most a content nobody names. Running
again finds by dossier, code and content what is there, without inspecting it again.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from app.core.clock import local_date
from app.core.errors import Unavailable
from app.core.later import Later
from app.documents import rules, store
from app.documents.backfile import folder as files
from app.documents.backfile import keeping, listing
from app.documents.backfile.keeping import Beside, Item, Kept, Served
from app.documents.backfile.reasons import NotTaken, Reason, Refused
from app.documents.backfile.report import Report
from app.documents.backfile.rows import Row
from app.documents.errors import ScannerSilent
from app.documents.inspection.antivirus import Scanner
from app.documents.inspection.process import AT_ONCE, look_into
from app.documents.inspection.verdict import Reason as FileReason
from app.documents.inspection.verdict import Verdict
from app.procedures import queries as procedures
from app.procedures.queries import Coded

# Looked into before their turn to be kept; each may hold its content and what is written in its place.
AHEAD: Final = 2 * AT_ONCE
TRIES: Final = 3

Told = Callable[[int], None]


class Ready(NamedTuple):
    """A line whose file was inspected, or is there already (`served` is None)."""

    item: Item
    content: bytes
    served: Served | None
    written: bytes


class Import:
    """One run over one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        coded: Mapping[str, Coded],
        centre_id: uuid.UUID | None,
        scanner: Scanner | None,
        dry_run: bool,
        now: datetime,
    ) -> None:
        self.report = Report(dry_run)
        self._folder, self._coded, self._centre_id = folder, coded, centre_id
        self._scanner, self._now, self._today = scanner, now, local_date(now)
        self._turns = asyncio.Semaphore(AT_ONCE)
        # What a dry run would have kept, for the lines after it: by content, and the first of each owner.
        self._by_content: dict[bytes, Kept] = {}
        self._by_owner: dict[bytes, Kept] = {}

    async def run(self, lines: Iterator[Row | Refused], told: Told) -> None:
        waiting: deque[asyncio.Task[Ready | Refused]] = deque()
        try:
            for line in lines:
                waiting.append(asyncio.create_task(self._prepared(line)))
                if len(waiting) > AHEAD:
                    await self._settle(await waiting.popleft())
                    told(self.report.lines)
            while waiting:
                await self._settle(await waiting.popleft())
                told(self.report.lines)
        except Unavailable as reason:
            self.report.interrupted = reason.code
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _prepared(self, line: Row | Refused) -> Ready | Refused:
        if isinstance(line, Refused):
            return line
        try:
            return await self._inspected(line)
        except NotTaken as wrong:
            return wrong.at(line.line)

    async def _inspected(self, row: Row) -> Ready:
        meaning = self._coded.get(row.code)
        if meaning is None:
            raise NotTaken("code", Reason.CODE_NOT_KNOWN)
        content = await asyncio.to_thread(files.content_of, self._folder, row.file)
        content_type = rules.type_of(content)
        if content_type is None:
            raise NotTaken("file", FileReason.TYPE_NOT_ALLOWED)
        item = Item(
            *(row, meaning.is_result, meaning.name_vi, keeping.digest_of(content), len(content)),
            *(content_type, self._centre_id),
        )
        if keeping.is_there(item, await self._beside(item), today=self._today):
            return Ready(item, content, None, b"")
        async with self._turns:
            verdict = await self._judged(content, content_type)
        if verdict.reason is not None:
            raise NotTaken("file", verdict.reason)
        written = content if verdict.content is None else verdict.content
        served = Served(keeping.digest_of(written), len(written), verdict.content_type)
        return Ready(item, content, served, written)

    async def _judged(self, content: bytes, content_type: str) -> Verdict:
        try:
            if self._scanner is not None and await self._scanner.finds_malware(content):
                return Verdict(FileReason.MALWARE)
        except Later:
            raise ScannerSilent from None
        for _ in range(TRIES):
            try:
                return await look_into(content, declared=content_type)
            except Later:
                continue
        raise NotTaken("file", Reason.NOT_INSPECTED)

    async def _beside(self, item: Item) -> Beside:
        """What is kept, and what a dry run would have kept by now."""
        found = await keeping.beside(item)
        return Beside(
            found.same_place,
            found.same_content or self._by_content.get(item.sha256),
            found.same_owner or self._by_owner.get(item.owner_index),
        )

    async def _settle(self, ready: Ready | Refused) -> None:
        """The line's turn: kept, there already, or refused."""
        if isinstance(ready, Refused):
            self.report.refused.append(ready)
            return
        try:
            is_new = ready.served is not None and await self._keep(ready, ready.served)
        except NotTaken as wrong:
            self.report.refused.append(wrong.at(ready.item.row.line))
            return
        if is_new:
            self.report.taken += 1
            self.report.bytes += ready.item.size_bytes
        else:
            self.report.already += 1

    async def _keep(self, ready: Ready, served: Served) -> bool:
        if self.report.dry_run:
            is_there = keeping.is_there(ready.item, await self._beside(ready.item), today=self._today)
            kept = Kept.of(ready.item)
            self._by_content.setdefault(kept.sha256, kept)
            self._by_owner.setdefault(kept.owner_index, kept)
            return not is_there
        # Contents before the row that names them: a crash between leaves nothing that points nowhere.
        await store.put(ready.item.sha256, ready.content)
        await store.put(served.sha256, ready.written)
        return await keeping.keep(item=ready.item, served=served, today=self._today, now=self._now)


async def import_folder(
    folder: Path,
    *,
    now: datetime,
    dry_run: bool = False,
    centre_id: uuid.UUID | None = None,
    scanner: Scanner | None = None,
    told: Told = lambda _: None,
) -> Report:
    """Import what the folder's list names; `told` hears how many lines are done.

    A dry run judges and inspects all the same, and keeps nothing. What a run cannot go on without (the
    database, the store, the scanner) ends it, and the report says so. Raises `BackfileListNotValid`.
    """
    began = time.monotonic()
    run = Import(
        folder,
        coded=await procedures.coded(),
        centre_id=centre_id,
        scanner=scanner,
        dry_run=dry_run,
        now=now,
    )
    await run.run(listing.read(folder), told)
    report = run.report
    report.seconds = time.monotonic() - began
    if report.taken and not dry_run and not report.interrupted:
        await keeping.note_run(taken=report.taken, refused=len(report.refused), now=now)
    return report
