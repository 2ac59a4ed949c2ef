"""The stock of item numbers at the kit's side: given by the system, bound as Motcua binds them."""

from typing import Any, Final

from app.custody import s10

TAKEN: Final = "taken"


class Stock:
    """What the system gave, in order, and which visit or package has which number."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self._of_visit: dict[str, str] = {}
        self._sealed: dict[str, str] = {}

    def give(self, body: Any) -> dict[str, Any]:
        """Each number by itself, as `POST /v1/partner/item-numbers` answers."""
        numbers = body.get("numbers") if isinstance(body, dict) else None
        texts = [str(text) for text in numbers] if isinstance(numbers, list) else []
        return {"results": [self._take(text) for text in texts]}

    def _take(self, text: str) -> dict[str, str]:
        number = s10.plain(text)
        if s10.read(number) is None:
            return {"number": text, "outcome": "not_an_item_number"}
        if s10.is_mistyped(number):
            return {"number": number, "outcome": "wrong_check_digit"}
        if number in self.given:
            return {"number": number, "outcome": "duplicate"}
        self.given.append(number)
        return {"number": number, "outcome": TAKEN}

    def counts(self) -> dict[str, int]:
        bound = len(set(self._of_visit.values()))
        return {"free": len(self.given) - bound, "bound": bound, "expired": 0}

    def bind(self, task_id: str) -> str | None:
        """The visit's number: the one it has, or the next that no visit has."""
        if task_id not in self._of_visit:
            bound = set(self._of_visit.values())
            free = next((number for number in self.given if number not in bound), None)
            if free is None:
                return None
            self._of_visit[task_id] = free
        return self._of_visit[task_id]

    def bind_again(self, task_id: str, number: str) -> None:
        """A number another visit's package has: never done by Motcua, and a system must bear it."""
        self._of_visit[task_id] = number

    def of_visit(self, task_id: str) -> str | None:
        return self._of_visit.get(task_id)

    def is_on_another(self, number: str, task_id: str) -> bool:
        """Whether a package of another visit bears the number; from now on this visit's does if not."""
        return self._sealed.setdefault(s10.plain(number), task_id) != task_id
