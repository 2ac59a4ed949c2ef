"""At home: a courier collects Bà Hoa's papers, and brings the result back to her door."""

from datetime import timedelta
from typing import Any, Final

from app.core.clock import current_time, local
from app.demo.acts.counter import upload_result
from app.demo.cast import Cast
from app.demo.people import StoryBroken, as_dialled, sign_in_by_code, until

DISABILITY_ASSESSMENT: Final = "1.001699"
MARRIAGE: Final = "1.000894"
# A house in phường Hoa Lư; the commune's code of today.
HOUSE: Final = {
    "text": "Số 12, tổ dân phố Phúc Chỉnh",
    "commune": "14329",
    "lat": 20.2601,
    "lon": 105.9712,
}
HOA: Final = "Phạm Thị Hòa"
DECISION: Final = "decision, signed"
DAYS: Final = timedelta(days=14)


async def play(cast: Cast) -> None:
    """From the first window to the door and back to it."""
    collection = await _hoa_asks(cast)
    await _courier_collects(cast, collection)
    number = await _centre_takes_over(cast, collection)
    await _result_comes_home(cast, number)


async def _hoa_asks(cast: Cast) -> dict[str, Any]:
    cast.timeline.chapter("Bà Hòa stays at home")
    challenge = await sign_in_by_code(cast.hoa, cast.inbox, cast.hoa_phone)
    cast.timeline.tell(
        "signed_in_at_home", "Bà Hòa", "signs in with her grandson's help", challenge=challenge
    )
    window = await _window(cast, "collection")
    refused = await cast.hoa.post(
        "/v1/home-visits", _visit(cast, "collection", MARRIAGE, window), expect=422
    )
    cast.timeline.tell(
        "refused_at_home", "Motcua",
        f"says why a marriage cannot be registered at the door: {refused['code']}",
    )  # fmt: skip
    visit: dict[str, Any] = await cast.hoa.post(
        "/v1/home-visits", _visit(cast, "collection", DISABILITY_ASSESSMENT, window), expect=201
    )
    cast.timeline.tell(
        "window_promised", "Motcua",
        f"promises {visit['window']['starts_at'][11:16]}–{visit['window']['ends_at'][11:16]} and sends"
        f" {visit['courier_name']}",
        home_visit=visit["id"], reference=visit["reference"],
    )  # fmt: skip
    return visit


def _contact(cast: Cast) -> dict[str, str]:
    return {"name": HOA, "phone": as_dialled(cast.hoa_phone)}


def _visit(
    cast: Cast, kind: str, procedure: str, window: str, dossier: str | None = None
) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "kind": kind,
        "procedures": [procedure],
        "window_id": window,
        "address": HOUSE,
        "contact": _contact(cast),
    }
    return asked | ({"dossier": dossier} if dossier else {})


async def _window(cast: Cast, kind: str) -> str:
    """The first window that can be kept, once the partner has told us of its couriers."""
    today = local(current_time()).date()

    async def look() -> str | None:
        found = await cast.hoa.get(
            "/v1/visit-windows",
            params={
                "procedure": DISABILITY_ASSESSMENT,
                "lat": HOUSE["lat"],
                "lon": HOUSE["lon"],
                "from": today.isoformat(),
                "to": (today + DAYS).isoformat(),
                "kind": kind,
            },
        )
        return str(found["windows"][0]["id"]) if found["windows"] else None

    return await until("a window that can be kept", look)


async def _status(cast: Cast, visit_id: str, wanted: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        seen: dict[str, Any] = await cast.hoa.get(f"/v1/home-visits/{visit_id}")
        return seen if seen["status"] == wanted else None

    return await until(f"the home visit to be {wanted}", look)


async def _courier_collects(cast: Cast, visit: dict[str, Any]) -> None:
    cast.timeline.chapter("The courier collects: webhook, door, seal, post office")
    seen = await _status(cast, visit["id"], "handed_over")
    if not seen["seal"]:
        raise StoryBroken("the visit was handed over without a seal")

    async def answered() -> list[str] | None:
        log = (await cast.postal.get("/__log")).json()
        results = log["results"].get(visit["id"])
        return [result["outcome"] for result in results] if results else None

    outcomes = await until("the courier to hear our answers", answered)
    if set(outcomes) != {"applied"}:
        raise StoryBroken(f"the courier's reports were answered {outcomes}")
    cast.timeline.tell(
        "collected", seen["courier_name"],
        f"counts, seals ({seen['seal']}), scans and hands over; every report sent twice, out of order",
        home_visit=visit["id"], seal=seen["seal"],
    )  # fmt: skip
    await cast.show_messages()


async def _centre_takes_over(cast: Cast, visit: dict[str, Any]) -> str:
    cast.timeline.chapter("The centre takes over")
    seen = await _status(cast, visit["id"], "handed_over")
    task = next(
        event["data"]["task_id"]
        for event in (await cast.postal.get("/__log")).json()["webhooks"]
        if event["data"]["task_id"] == visit["id"]
    )
    procedure = await cast.minh.get(f"/v1/procedures/{DISABILITY_ASSESSMENT}")
    counted = [
        {"component": n, "originals": paper["originals"], "copies": paper["copies"]}
        for n, paper in enumerate(procedure["papers"], start=1)
    ]
    package = await cast.minh.post(
        f"/v1/staff/packages/{seen['seal']}/receive", {"seal_intact": True, "contents": counted}
    )
    if package["state"] != "received":
        raise StoryBroken(f"the package is {package['state']}")
    cast.timeline.tell(
        "package_received", "Minh", f"seal intact, count right, {package['hand_overs']} changes of hands",
        seal=seen["seal"], home_visit=task,
    )  # fmt: skip
    dossier = await cast.minh.post(
        "/v1/staff/dossiers",
        {
            "procedure": DISABILITY_ASSESSMENT,
            "seal": seen["seal"],
            "applicant": _contact(cast),
            "components": counted,
            "return_mode": "home",
        },
        expect=201,
    )
    number = str(dossier["number"])
    cast.timeline.tell(
        "dossier_from_package", "Minh",
        f"accepts dossier {number}, promised for {dossier['promised_at'][:10]}",
        dossier=number, seal=seen["seal"],
    )  # fmt: skip
    await _status(cast, visit["id"], "accepted")
    document = await upload_result(cast, number, DECISION)
    completed = await cast.minh.change(
        f"/v1/staff/dossiers/{number}/complete",
        dossier["version"],
        {"result_document_id": document["id"]},
    )
    cast.timeline.tell(
        "dossier_completed", "Minh", f"the decision is digitised; status {completed['status']}",
        dossier=number, document=document["id"],
    )  # fmt: skip
    await cast.show_messages()
    return number


async def _result_comes_home(cast: Cast, number: str) -> None:
    cast.timeline.chapter("The result comes home")
    window = await _window(cast, "delivery")
    visit = await cast.hoa.post(
        "/v1/home-visits",
        _visit(cast, "delivery", DISABILITY_ASSESSMENT, window, number),
        expect=201,
    )
    cast.timeline.tell(
        "delivery_promised", "Motcua", f"sends {visit['courier_name']} with the result",
        home_visit=visit["id"], dossier=number,
    )  # fmt: skip

    async def told() -> bool | None:
        log = (await cast.postal.get("/__log")).json()
        return True if visit["id"] in log["seals"] else None

    await until("the partner to hear of the delivery", told)
    await cast.postal.post(f"/counter/{visit['id']}/minh")
    arrived = await _status(cast, visit["id"], "arrived")
    await cast.postal.post(f"/door/{visit['id']}/{arrived['hand_over_code']}")
    delivered = await _status(cast, visit["id"], "delivered")
    dossier = await cast.hoa.get(f"/v1/dossiers/{number}")
    if dossier["status"] != 10:
        raise StoryBroken(f"dossier {number} has status {dossier['status']}")
    cast.timeline.tell(
        "delivered", delivered["courier_name"],
        f"hands the result over against Bà Hòa's code; dossier status {dossier['status']}",
        home_visit=visit["id"], dossier=number, seal=delivered["seal"],
    )  # fmt: skip
    await cast.show_messages()
