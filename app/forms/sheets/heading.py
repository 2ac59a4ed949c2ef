"""What every form begins with: the issuing unit, the national motto's place and date, the QR code."""

from datetime import datetime
from typing import Any

from app.forms import qr, rules, wording
from app.forms.editions import TITLES, Edition, Form
from app.forms.queries import Record

TIER_WORDS = ("tỉnh", "thành phố", "phường", "xã", "thị trấn", "đặc khu")


def heading(form: Form, record: Record, *, edition: Edition, now: datetime) -> dict[str, Any]:
    """Who issues it, where and when, and the code in the corner."""
    carried = rules.carried_by_courier(
        channel=record.dossier.channel, return_mode=record.dossier.return_mode
    )
    said = (
        qr.opaque(record.dossier)
        if carried
        else qr.official(
            number=record.dossier.number,
            procedure_code=record.dossier.procedure_code,
            citizen_number=record.citizen_number,
            title=TITLES[form],
        )
    )
    return {
        **letterhead(form, record, edition=edition, now=now),
        "qr": qr.picture(said),
        "qr_alt": f"Mã QR của hồ sơ {record.dossier.number}",
        "number": record.dossier.number,
    }


def letterhead(form: Form, record: Record, *, edition: Edition, now: datetime) -> dict[str, Any]:
    """Without what belongs to one dossier."""
    issuer = record.competent if form in rules.OF_COMPETENT_CENTRE else record.centre
    place = record.places[issuer.id]
    return {
        "form": form.value,
        "title": TITLES[form],
        "source": edition.source,
        "authority": wording.in_capitals(f"Ủy ban nhân dân {place}"),
        "unit": wording.in_capitals(issuer.name_vi),
        "centre": wording.printable(issuer.name_vi),
        "address": wording.printable(issuer.address_vi),
        "dateline": f"{place_name(place)}, {wording.day(now)}",
        "printed": wording.short_moment(now),
    }


def place_name(unit: str) -> str:
    """Hoa Lư of Phường Hoa Lư: a dateline names the place, not its tier."""
    name = wording.printable(unit)
    for tier in TIER_WORDS:
        if name.lower().startswith(f"{tier} "):
            return name[len(tier) + 1 :]
    return name
