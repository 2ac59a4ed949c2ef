"""Strict decoding of JSON bodies.

The framework's default answers 500 to bad UTF-8 and deep nesting, lets the last of two equal keys win,
turns "1" into 1, takes naive times and passes U+0000 on to PostgreSQL. Here syntax is 400, a wrong value
is 422, text is NFC, and nothing is coerced. Values are never echoed.
"""

import json
import re
import unicodedata
import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

import msgspec

from app.core.errors import Invalid, Malformed, Words

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 32
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)

T = TypeVar("T")

# An instant: an offset is required, a naive time is refused.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
# Integers are bounded everywhere: an unbounded one reaches PostgreSQL as an error.
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
LongText = Annotated[str, msgspec.Meta(max_length=2000)]


class DuplicateKey(Malformed):
    code = "duplicate_key"
    detail = Words("Có khóa JSON bị lặp.", "A JSON key appears twice.")


class NotUtf8(Malformed):
    code = "not_utf8"
    detail = Words("Nội dung không phải UTF-8.", "The body is not UTF-8.")


class ForbiddenCharacter(Invalid):
    code = "forbidden_character"
    detail = Words("Văn bản chứa ký tự không được phép.", "The text holds a character that is not allowed.")


class InvalidValue(Invalid):
    code = "invalid_value"
    detail = Words("Một trường không hợp lệ.", "A field is not valid.")


class UnsupportedMedia(Malformed):
    """Everything but plain JSON: another type, another charset, a compressed body."""

    code = "unsupported_media_type"
    status = 415
    title = Words("Định dạng không hỗ trợ", "Unsupported media type")
    detail = Words("Nội dung phải là application/json.", "The body must be application/json.")


def require_json(content_type: tuple[str, dict[str, str]], content_encoding: str) -> None:
    """A body is read as JSON only when it says so: a form of another site cannot say it."""
    kind, parameters = content_type
    charset = parameters.get("charset", "utf-8").lower()
    if kind != "application/json" or charset != "utf-8" or content_encoding not in ("", "identity"):
        raise UnsupportedMedia


def decode(raw: bytes, target: Any) -> Any:
    """Bytes of a JSON body as `target`; raises `Malformed` (400) or `Invalid` (422)."""
    builtins = _parse(raw)
    if target is Any:
        return builtins
    return convert(builtins, target)


def convert(builtins: Any, target: Any) -> Any:
    """Plain values as `target`, strictly."""
    if get_origin(target) is Annotated:
        target = get_args(target)[0]
    try:
        value = msgspec.convert(builtins, target, strict=True, dec_hook=_decode_special)
    except msgspec.ValidationError as reason:
        pointer, detail = _explain(str(reason))
        raise InvalidValue(
            errors=[{"pointer": pointer, "code": "invalid_value", "detail": detail}]
        ) from None
    _check_times(value, "")
    return value


def _parse(raw: bytes) -> Any:
    if len(raw) > MAX_BYTES:
        raise Malformed
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotUtf8 from None
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError):
        raise Malformed from None
    return _cleaned(value, 0, "")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise DuplicateKey
    return keys


def _constant(name: str) -> Any:
    raise ValueError(name)


def _cleaned(value: Any, depth: int, pointer: str) -> Any:
    if depth > MAX_DEPTH:
        raise Malformed
    if isinstance(value, str):
        return _text(value, pointer)
    if isinstance(value, list):
        return [_cleaned(item, depth + 1, f"{pointer}/{n}") for n, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            _text(key, pointer): _cleaned(item, depth + 1, f"{pointer}/{key}")
            for key, item in value.items()
        }
    return value


def _text(value: str, pointer: str) -> str:
    if value.isascii() and "\x00" not in value:
        return value  # Its own NFC.
    if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise ForbiddenCharacter(
            errors=[
                {
                    "pointer": pointer if value.isprintable() else pointer.rpartition("/")[0],
                    "code": "forbidden_character",
                    "detail": "U+0000 and lone surrogates are refused.",
                }
            ]
        )
    return unicodedata.normalize("NFC", value)


def _decode_special(kind: type, _value: Any) -> Any:
    raise TypeError(f"{kind} has no JSON form.")


def served_day(day: date) -> date:
    """A day of a query, in the years that times may lie in; `InvalidValue` otherwise."""
    if not EARLIEST.year <= day.year < LATEST.year:
        raise InvalidValue
    return day


def _check_times(value: Any, pointer: str) -> None:
    """RFC 3339 times of 2000–2100 only: others overflow somewhere later."""
    if isinstance(value, datetime):
        if value.tzinfo is not None and not EARLIEST <= value < LATEST:
            raise InvalidValue(
                errors=[
                    {
                        "pointer": pointer,
                        "code": "time_out_of_range",
                        "detail": "Times lie in the years 2000 to 2100.",
                    }
                ]
            )
    elif isinstance(value, msgspec.Struct):
        for name, encoded in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            _check_times(getattr(value, name), f"{pointer}/{encoded}")
    elif isinstance(value, (list, tuple)):
        for n, item in enumerate(value):
            _check_times(item, f"{pointer}/{n}")


_PATH: Final = re.compile(r" - at `\$?(?P<path>[^`]*)`$")


def _explain(message: str) -> tuple[str, str]:
    """msgspec's sentence as a JSON pointer (RFC 6901) and words without the value."""
    found = _PATH.search(message)
    words = message if found is None else message[: found.start()]
    # Of a value outside a list of words the sentence quotes the value itself.
    words = re.sub(r"^(Invalid (?:enum )?value) .*", r"\1", words, flags=re.DOTALL)
    if found is None:
        return "", re.sub(r"`[^`]{60,}`", "…", words)
    path = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", found["path"])
    return path.replace(".", "/"), words


def canonical_uuid(raw: str) -> uuid.UUID:
    """A UUID in its canonical spelling, or `InvalidValue`."""
    try:
        value = uuid.UUID(raw)
    except ValueError:
        raise InvalidValue from None
    if str(value) != raw:
        raise InvalidValue
    return value
