"""The day the kit invents: visits, their events, and the feed that numbers them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from app.core.clock import local
from partners.postal.kit.seen import Task, new_id
from partners.postal.kit.stock import Stock

HOME_VISIT: Final = "vn.motcua.home_visit."
UNKNOWN_TYPE: Final = "vn.motcua.kit.not_yet_invented"
COURIER: Final = "BT-001"
# Distinctive on purpose: wherever these turn up again, a person's data went there.
NAME: Final = "Bà Kiểm Thị Thử"
ADDRESS: Final = "Số 7 ngõ Kiểm Thử, phường Hoa Lư"


class World:
    """Grows while the script tells it; the served side reads from it."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.tasks: dict[str, Task] = {}
        self.feed: list[dict[str, Any]] = []
        self.stock = Stock()
        self.told_numbers: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def task(self, purpose: str, *, courier: str) -> Task:
        n = len(self.tasks) + 1
        made = Task(new_id(), courier, f"{NAME} {n}", f"0912 ••• {n:03d}", f"{ADDRESS} {n}")
        self.tasks[purpose] = made
        return made

    def event(
        self, name: str, thing: str, *, version: int = 1, extra: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The next event of a thing, in the feed from now on; `extra` are fields of a later contract."""
        number = self._numbers[thing] = self._numbers.get(thing, 0) + 1
        item = self._item(thing)
        body = {
            "specversion": "1.0",
            "id": new_id(),
            "source": "/v1/partner",
            "type": name if "." in name else HOME_VISIT + name,
            "subject": f"home_visit:{thing}",
            "sequence": f"{number:010d}",
            "time": local(self._now).isoformat(),
            "datacontenttype": "application/json",
            # What the kit tells is never real: what a sandbox says of itself.
            "livemode": False,
            "data": {
                "task_id": thing,
                "kind": "collection",
                "version": version,
                "href": "/v1/partner/tasks",
                **({"item_number": item} if item else {}),
                **(extra or {}),
            },
            **(extra or {}),
        }
        self.feed.append(body)
        return body

    def _item(self, thing: str) -> str | None:
        """A visit of the kit's has a number as soon as there is a stock; others have none."""
        if thing not in {task.id for task in self.tasks.values()}:
            return None
        found = self.stock.bind(thing)
        if found is not None:
            self.told_numbers[thing] = found
        return found

    def changes(self, after: int) -> Mapping[str, Any]:
        items = [{"seq": n, "event": e} for n, e in enumerate(self.feed, start=1) if n > after][:100]
        return {"items": items, "next": items[-1]["seq"] if items else after, "next_cursor": None}

    def listed(self, day: str) -> Sequence[Mapping[str, Any]]:
        """Every task of the kit is of the day it runs on."""
        if day != local(self._now).date().isoformat():
            return []
        return [self._listed(task) for task in self.tasks.values()]

    def _listed(self, task: Task) -> Mapping[str, Any]:
        start = self._now.replace(minute=0, second=0, microsecond=0)
        return {
            "id": task.id,
            "kind": "collection",
            "state": "assigned",
            "home_visit_id": task.id,
            "courier": task.courier,
            "window": {
                "starts_at": local(start).isoformat(),
                "ends_at": local(start + timedelta(hours=2)).isoformat(),
            },
            "stop": {
                "address": task.address,
                "lat": 20.254,
                "lon": 105.973,
                "contact_name": task.contact_name,
                "contact_masked": task.contact_masked,
            },
            "papers": [{"component": 1, "name_vi": "Tờ khai", "originals": 1, "copies": 2}],
            "note": "",
            "sequence": 1,
            "eta": local(start).isoformat(),
            "seal": None,
            "dossier": None,
            "version": 1,
        }
