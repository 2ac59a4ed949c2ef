"""The template that says one thing to one person, in the words it has to be said in."""

from collections.abc import Sequence
from datetime import datetime

from notifications.templates import TEMPLATES, Template
from notifications.wordings import operations, versions


async def template_to_say(code: str, *, told_before: Sequence[str], now: datetime) -> Template:
    """Of the words in force, or those the same thing was owed in before: whoever is told again by another
    way reads the same. `told_before` are the marks by which those messages are owed once.
    """
    template = TEMPLATES[code]
    version = await versions.to_say(template, told_before=told_before)
    if version is None:
        version = await operations.take_over(code=code, now=now)
    return template._replace(version=version.version, vi=version.vi, en=version.en)
