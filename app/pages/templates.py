"""Templates: one environment per language, escaping always on, forgotten names refused.

Start reading at `render`. Nothing here knows Litestar: a handler puts the text in its answer.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.pages.assets import asset, script, stylesheet
from app.pages.i18n import (
    LANGUAGE_NAMES,
    Formats,
    minutes_and_seconds,
    translations,
    with_language,
)

TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def environment(language: str) -> Environment:
    """Everything a template may use, speaking one language."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # put there by the extension
    env.policies["ext.i18n.trimmed"] = True
    formats = Formats(language)
    env.globals.update(
        language=language,
        language_names=LANGUAGE_NAMES,
        asset=asset,
        script=script,
        stylesheet=stylesheet,
    )
    env.filters.update(
        day=formats.day,
        short_day=formats.short_day,
        clock=formats.clock,
        clock_with_seconds=formats.clock_with_seconds,
        moment=formats.moment,
        machine=formats.machine,
        number=formats.number,
        money=formats.money,
        minutes_and_seconds=minutes_and_seconds,
        with_language=with_language,
    )
    return env


def render(name: str, *, language: str, context: Mapping[str, Any]) -> str:
    """The template's text; a name it reads and the context lacks raises, so tests see it."""
    return environment(language).get_template(name).render(context)
