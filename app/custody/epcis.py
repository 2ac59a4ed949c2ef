"""A package's way as EPCIS 2.0 (ISO/IEC 19987) in JSON-LD, for those whose systems speak it (pure).

Read only: the chain is the record, this is a view of it. Each event carries the hash of its link, and no
person: a citizen is `citizen`, whoever it is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from app.core.clock import local
from app.custody.papers import Paper
from app.custody.queries import ChainLink, PackageRow

CONTEXT: Final = (
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"motcua": "urn:motcua:vocabulary:"},
)


class Said(NamedTuple):
    """What a change of hands is in EPCIS: action, business step, disposition while all is well."""

    action: str
    step: str
    disposition: str


SAID: Final = MappingProxyType(
    {
        "sealed": Said("ADD", "commissioning", "container_closed"),
        "handed_over": Said("OBSERVE", "transporting", "in_transit"),
        "received": Said("OBSERVE", "receiving", "in_progress"),
        "delivered": Said("OBSERVE", "accepting", "conformant"),
        "returned": Said("OBSERVE", "accepting", "returned"),
        "resealed": Said("DELETE", "decommissioning", "container_open"),
        "counted": Said("OBSERVE", "inspecting", "container_open"),
        "inventoried": Said("OBSERVE", "accepting", "container_open"),
    }
)
# At a post office it arrives and departs; between couriers it goes on.
AT_A_POST_OFFICE: Final = MappingProxyType(
    {("courier", "post_office"): "arriving", ("post_office", "courier"): "departing"}
)
# What was put into the bag, and taken out of it.
PACKED: Final = MappingProxyType({"sealed": ("ADD", "packing"), "inventoried": ("DELETE", "unpacking")})


def document(package: PackageRow, links: Sequence[ChainLink], *, now: datetime) -> dict[str, Any]:
    """Every event of the chain, in its order."""
    return {
        "@context": list(CONTEXT),
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": local(now).isoformat(),
        "epcisBody": {"eventList": [event for link in links for event in _events(package, link)]},
    }


def _events(package: PackageRow, link: ChainLink) -> list[dict[str, Any]]:
    said = SAID[link.type]
    body = msgspec.json.decode(link.body)
    event = _common(package, link) | {
        "type": "ObjectEvent",
        "eventID": f"urn:motcua:custody:{link.hash.hex()}",
        "action": said.action,
        "epcList": [_bag(package)],
        "bizStep": AT_A_POST_OFFICE.get((link.giver_kind, link.receiver_kind), said.step)
        if link.type == "handed_over"
        else said.step,
        "disposition": _disposition(link, body, said),
        "sourceList": [{"type": "possessing_party", "source": _party(link.giver_kind, link.giver_id)}],
        "destinationList": [
            {"type": "possessing_party", "destination": _party(link.receiver_kind, link.receiver_id)}
        ],
    }
    if link.type not in PACKED or "contents" not in body:
        return [event]
    return [event, _packing(package, link, body)]


def _packing(package: PackageRow, link: ChainLink, body: Mapping[str, Any]) -> dict[str, Any]:
    action, step = PACKED[link.type]
    papers = msgspec.convert(body["contents"], list[Paper])
    return _common(package, link) | {
        "type": "AggregationEvent",
        "eventID": f"urn:motcua:custody:{link.hash.hex()}:contents",
        "action": action,
        "parentID": _bag(package),
        "bizStep": step,
        "childQuantityList": [
            {"epcClass": f"urn:motcua:paper:{paper.component}:{form}", "quantity": quantity}
            for paper in papers
            for form, quantity in (
                ("original", paper.originals),
                ("certified-copy", paper.certified_copies),
                ("copy", paper.copies),
            )
            if quantity
        ],
    }


def _common(package: PackageRow, link: ChainLink) -> dict[str, Any]:
    happened = local(link.occurred_at)
    return {
        "eventTime": happened.isoformat(),
        "eventTimeZoneOffset": happened.strftime("%z")[:3] + ":" + happened.strftime("%z")[3:],
        "recordTime": local(link.recorded_at).isoformat(),
        "bizTransactionList": [{"bizTransaction": f"urn:uuid:{package.home_visit_id}"}],
        "motcua:link": link.n,
        "motcua:hash": link.hash.hex(),
    }


def _disposition(link: ChainLink, body: Mapping[str, Any], said: Said) -> str:
    if link.seal_state == "broken":
        return "container_open"
    return "mismatch_quantity" if body.get("state") == "quarantined" else said.disposition


def _bag(package: PackageRow) -> str:
    return f"urn:motcua:seal:{package.seal_number}"


def _party(kind: str, party_id: str) -> str:
    return "urn:motcua:party:citizen" if kind == "citizen" else f"urn:motcua:party:{kind}:{party_id}"
