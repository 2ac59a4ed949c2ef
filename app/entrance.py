"""The entrance of every process: settings, keys, logging, and the servers it talks to."""

import logging
import os
import sys
from dataclasses import dataclass
from typing import Final, TextIO, cast

import structlog

from app.core import keys as core_keys
from app.core import sandbox, tracing
from app.core.clock import set_clock
from app.core.ids import new_id
from app.http.tokens import SigningKey
from app.http.wordless import WordlessFormatter, without_words
from app.log_lines import LogLines
from app.settings import Settings, SettingsError

log: Final = structlog.get_logger(__name__)

# What a log line may say. Anything else is dropped: a name or a number never reaches a log by mistake.
ALLOWED: Final = frozenset(
    {
        "event", "day", "level", "timestamp", "logger", "request_id", "reason", "subscriber", "work",
        "again_in_s", "exc_info", "exception", "status", "method", "route", "took_ms", "count",
        "port", "url", "message_id", "fact", "endpoint", "attempt", "outcome", "class", "error_code",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Entrance:
    """A process that has its settings, its keys and its servers' addresses."""

    settings: Settings
    database_url: str
    redis_url: str


def open_entrance(settings: Settings | None = None) -> Entrance:
    """For a process that is told its servers: both URLs must be set."""
    settings = settings or Settings.from_environment()
    if not settings.database_url or not settings.redis_url:
        raise SettingsError("DATABASE_URL and REDIS_URL must both be set for this command.")
    install_keys(settings)
    configure_logging(settings.log_level)
    if settings.traces_url is not None:
        tracing.install(settings.traces_url, process=str(os.getpid()))
    set_clock(settings.clock)
    if settings.clock is not None:
        log.warning("simulated_clock")
    sandbox.enter(sandbox=settings.sandbox)
    if settings.sandbox:
        log.warning("sandbox")
    return Entrance(settings, settings.database_url, settings.redis_url)


def install_keys(settings: Settings) -> None:
    """The named key file, or the one of the data folder, made on the first start."""
    if settings.keys_file is not None:
        core_keys.install(core_keys.load(settings.keys_file))
        return
    core_keys.install(
        core_keys.load_or_make(
            settings.data_dir / core_keys.FILE_NAME,
            signing_pem=SigningKey.generate().to_pem(),
            kid=str(new_id()),
        )
    )


def configure_logging(level: str) -> None:
    """One JSON object a line on stderr, with allow-listed keys only."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SettingsError("MOTCUA_LOG_LEVEL must be debug, info, warning or error.")
    lines = cast("TextIO", LogLines(sys.stderr))
    handler = logging.StreamHandler(lines)
    handler.setFormatter(WordlessFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for talkative in ("twilio", "httpx", "arq", "_granian", "urllib3", "opentelemetry"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _told_without_words,
            _only_allowed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=lines),
        cache_logger_on_first_use=True,
    )


def _told_without_words(
    _logger: object, _name: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """What went wrong and where. An error's words hold rows and arguments, so they are left out."""
    told = line.pop("exc_info", None)
    if told:
        reason = told if isinstance(told, BaseException) else sys.exc_info()[1]
        if reason is not None:
            line["exception"] = without_words(reason)
    return line


def _only_allowed(
    _logger: object, _name: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {key: value for key, value in line.items() if key in ALLOWED}
