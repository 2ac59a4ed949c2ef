"""Questions that were asked before: known by their words, few, and never an answer."""

from typing import Any

from litestar.types import Receive, Scope, Send

from app.http.ready import LONGEST_KNOWN, MOST_KNOWN, AskedBefore, ReadyAnswer


async def told(layer: Any, words: bytes) -> bytes:
    """The body that leaves when these words are asked."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody reads a body here")

    scope: Any = {"type": "http", "query_string": words}
    await layer(scope, receive, send)
    return bytes(sent[-1]["body"])


class Route:
    """A route that reads its question and remembers it, and the layer around it."""

    def __init__(self) -> None:
        self.read: list[bytes] = []
        self.answered = 0
        self.asked_before: AskedBefore[bytes] = AskedBefore(self.answer)
        self.layer = self.asked_before(self.route)

    async def answer(self, question: bytes, _scope: Scope, _now: object) -> ReadyAnswer:
        self.answered += 1
        return ReadyAnswer(question + b" %d" % self.answered, headers={})

    async def route(self, scope: Scope, receive: Receive, send: Send) -> None:
        question = scope["query_string"]
        self.read.append(question)
        await (await self.answer(question, scope, None))(scope, receive, send)
        self.asked_before.remember(question, scope)


async def test_the_same_words_are_read_once_and_answered_each_time() -> None:
    route = Route()

    answers = [await told(route.layer, b"centre=1") for _ in range(3)]

    assert route.read == [b"centre=1"]
    assert answers == [b"centre=1 1", b"centre=1 2", b"centre=1 3"]


async def test_other_words_are_another_question() -> None:
    route = Route()
    await told(route.layer, b"centre=1")

    assert await told(route.layer, b"centre=2") == b"centre=2 2"
    assert route.read == [b"centre=1", b"centre=2"]


async def test_only_so_many_are_remembered_and_none_that_is_long() -> None:
    route = Route()
    for number in range(MOST_KNOWN + 1):
        await told(route.layer, b"%d" % number)
    read = len(route.read)

    await told(route.layer, b"%d" % MOST_KNOWN)
    assert len(route.read) == read
    await told(route.layer, b"0")
    assert len(route.read) == read + 1

    for _ in range(2):
        await told(route.layer, b"x" * (LONGEST_KNOWN + 1))
    assert len(route.read) == read + 3
