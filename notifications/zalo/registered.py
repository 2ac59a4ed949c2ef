"""The templates Zalo approved for us, by ours: a file, because each province registers its own.

An entry: `"dossier_accepted": {"id": "313441", "language": "vi", "parameters": {"ma_ho_so": {"value":
"number", "max": 30}}}`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from notifications.templates import TEMPLATES, leading_nowhere

LONGEST_PARAMETER: Final = 400


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One blank of theirs: the variable of ours that fills it, and the length it was approved with."""

    value: str
    max: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_PARAMETER)]


class ZaloTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template of theirs, in one language."""

    id: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")]
    language: Literal["vi", "en"]
    parameters: Annotated[dict[str, Parameter], msgspec.Meta(min_length=1)]

    def filled(self, values: Mapping[str, str], *, language: str) -> dict[str, str] | None:
        """Their data, or None where it cannot say this: another language, a value that is too long or none.
        A reference that was cut would lead nowhere.
        """
        if language != self.language:
            return None
        blanks = self.parameters.items()
        found = {
            name: leading_nowhere(each.value, " ".join(values.get(each.value, "").split()))
            for name, each in blanks
        }
        fits = all(0 < len(text) <= self.parameters[name].max for name, text in found.items())
        return found if fits else None


def load(path: Path) -> Mapping[str, ZaloTemplate]:
    """Raises `ValueError` in one sentence for a file that cannot be read or names what is not ours."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, ZaloTemplate])
    except (OSError, msgspec.DecodeError) as reason:
        raise ValueError(f"MOTCUA_ZALO_TEMPLATES: {path} cannot be read ({reason}).") from reason
    for code, template in found.items():
        ours = TEMPLATES.get(code)
        if ours is None:
            raise ValueError(f"MOTCUA_ZALO_TEMPLATES: there is no template {code}.")
        unknown = {each.value for each in template.parameters.values()} - ours.longest.keys()
        if unknown:
            raise ValueError(f"MOTCUA_ZALO_TEMPLATES: {code} has no variable {', '.join(sorted(unknown))}.")
    return found
