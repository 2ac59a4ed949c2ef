"""The page behind a letter's link: chosen without signing in, and nothing else to do or see there."""

import re
import uuid
from datetime import datetime

import httpx
import pytest

from app.citizens import emails, preferences
from app.citizens.choices_link import choices_token, read_choices_token
from app.citizens.rules import Channel
from tests.citizens.conftest import LAN, make_account

MAIL = "lan@example.vn"


@pytest.fixture
async def lan(database: object, now: datetime) -> uuid.UUID:
    lan = await make_account(LAN, at=now)
    named = await emails.name(citizen_id=lan, address=MAIL, now=now)
    await emails.confirm(citizen_id=lan, code=emails.code_of(named.id), now=now)
    return lan


async def fill(client: httpx.AsyncClient, lan: uuid.UUID, **fields: str) -> httpx.Response:
    """What a browser without scripts does: open the page, choose, send."""
    path = f"/choices/{choices_token(lan)}"
    shown = await client.get(path)
    assert shown.status_code == 200, shown.text
    hidden = dict(re.findall(r'name="(_csrf_token|version)" value="([0-9a-f]+)"', shown.text))
    return await client.post(path, data=hidden | fields)


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_lan_chooses_with_forms_alone(
    client: httpx.AsyncClient, lan: uuid.UUID, language: str
) -> None:
    shown = await client.get(f"/choices/{choices_token(lan)}?lang={language}")
    sent = await fill(client, lan, channel="none", surveys="no", letters="yes")
    kept = await client.get(sent.headers["location"])

    always = "luôn được gửi" if language == "vi" else "always come by SMS"
    assert always in shown.text
    assert (sent.status_code, kept.status_code) == (303, 200)
    assert ("Đã lưu" if language == "vi" else "Kept") in kept.text
    chosen = (await preferences.account(lan)).preferences
    assert (chosen.channel, chosen.surveys) == (Channel.NONE, False)
    assert await emails.of_citizen(lan) is not None


async def test_who_wants_no_letters_gets_none(client: httpx.AsyncClient, lan: uuid.UUID) -> None:
    await fill(client, lan, channel="sms", surveys="yes", letters="no")

    assert await emails.of_citizen(lan) is None


async def test_the_page_shows_neither_the_phone_nor_the_address(
    client: httpx.AsyncClient, lan: uuid.UUID
) -> None:
    shown = (await client.get(f"/choices/{choices_token(lan)}")).text

    for secret in (LAN, "0912345678", MAIL, str(lan)):
        assert secret not in shown
    assert "091•••5678" in shown and "l•••@example.vn" in shown
    # Ways that lead nowhere here are not offered.
    assert re.findall(r'name="channel" type="radio" value="(\w+)"', shown) == ["sms", "none"]


async def test_choices_changed_elsewhere_meanwhile_are_shown_again(
    client: httpx.AsyncClient, lan: uuid.UUID, now: datetime
) -> None:
    path = f"/choices/{choices_token(lan)}"
    shown = await client.get(path)
    hidden = dict(re.findall(r'name="(_csrf_token|version)" value="([0-9a-f]+)"', shown.text))
    await preferences.choose(citizen_id=lan, changes={"language": "en"}, expected_version=0, now=now)

    sent = await client.post(path, data=hidden | {"channel": "none", "surveys": "no"})

    assert sent.status_code == 422
    assert (await preferences.account(lan)).preferences.channel is Channel.SMS


async def test_the_mailboxs_button_ends_letters_and_looking_does_not(
    client: httpx.AsyncClient, lan: uuid.UUID
) -> None:
    path = f"/choices/{choices_token(lan)}/unsubscribe"

    looked = await client.get(path)
    before = await emails.of_citizen(lan)
    pressed = [await client.post(path, data={"List-Unsubscribe": "One-Click"}) for _ in range(2)]

    assert (looked.status_code, before is not None) == (303, True)
    assert [each.status_code for each in pressed] == [200, 200]
    assert await emails.of_citizen(lan) is None
    assert (await preferences.account(lan)).version == 0


async def test_a_link_nobody_was_sent_opens_nothing(client: httpx.AsyncClient, lan: uuid.UUID) -> None:
    token = choices_token(lan)
    other = "B" if token[-1] != "B" else "C"
    wrong = [token[:-1] + other, token[1:] + "A", "x", choices_token(uuid.uuid4()), "đ" * 40]

    assert read_choices_token(token) == lan
    for each in wrong:
        assert (await client.get(f"/choices/{each}")).status_code == 404
        assert (await client.post(f"/choices/{each}/unsubscribe")).status_code == 404
    assert await emails.of_citizen(lan) is not None


@pytest.mark.parametrize("fields", [{}, {"channel": "fax"}, {"channel": "sms", "version": "x"}])
async def test_a_form_that_is_not_ours_changes_nothing(
    client: httpx.AsyncClient, lan: uuid.UUID, fields: dict[str, str]
) -> None:
    forged = await client.post(f"/choices/{choices_token(lan)}", data={"channel": "none"})
    wrong = await fill(client, lan, **fields)

    assert (forged.status_code, wrong.status_code) == (403, 422)
    assert (await preferences.account(lan)).version == 0
