"""What the doctor says of the ways messages leave by: each is knocked at, and nobody is written to."""

import json
import shutil
from pathlib import Path

import httpx
import pytest

from app.servers.channels import examine_channels
from app.servers.doctor import Finding
from app.settings import Settings, SettingsError
from notifications.emulator.brandname import BrandnameGateway
from notifications.emulator.gateway import running
from notifications.emulator.mail import running_mail
from notifications.emulator.push import PushService

SECRET = "a-secret-nobody-shows"


async def look(**environment: str) -> dict[str, Finding]:
    findings = await examine_channels(Settings.from_environment(environment))
    for finding in findings:
        assert finding.ok == (not finding.remedy), finding
        assert SECRET not in str(finding.as_dict())
    return {finding.name: finding for finding in findings}


async def test_what_is_not_configured_is_no_fault() -> None:
    found = await look()

    assert all(finding.ok for finding in found.values())
    assert [name for name, finding in found.items() if finding.detail == "not configured"] == [
        "brand-name SMS",
        "e-mail",
        "Zalo",
        "push",
    ]
    assert "emulator" in found["SMS"].detail


async def test_a_mail_server_is_entered_and_a_wrong_password_is_told(tmp_path: Path) -> None:
    async with running_mail(user="motcua", password=SECRET) as server:
        good = {
            "MOTCUA_SMTP_URL": f"smtp+starttls://{server.host}:{server.port}",
            "MOTCUA_SMTP_USER": "motcua",
            "MOTCUA_SMTP_PASSWORD": SECRET,
            "MOTCUA_SMTP_SENDER": "mot-cua@ninhbinh.example",
            "MOTCUA_SMTP_CA": server.ca_file,
        }
        well = (await look(**good))["e-mail"]
        wrong = (await look(**good | {"MOTCUA_SMTP_PASSWORD": "x"}))["e-mail"]
        assert server.letters == []
        ca_file = tmp_path / "authorities.pem"
        shutil.copy(server.ca_file, ca_file)
    away = (await look(**good | {"MOTCUA_SMTP_CA": str(ca_file)}))["e-mail"]
    unread = (await look(**good))["e-mail"]

    assert (well.ok, wrong.ok, away.ok) == (True, False, False)
    assert "no reports" in well.detail
    assert "5.7.8" in wrong.detail and "MOTCUA_SMTP_URL" in wrong.remedy
    assert "does not answer" in away.detail
    assert not unread.ok and "MOTCUA_SMTP_CA" in unread.detail


async def test_a_gateway_is_knocked_at_without_a_phone() -> None:
    gateway = BrandnameGateway(key="key", secret=SECRET, brandname="MOTCUANB")
    with running(gateway):
        good = {
            "MOTCUA_BRANDNAME_URL": gateway.base_url,
            "MOTCUA_BRANDNAME_KEY": "key",
            "MOTCUA_BRANDNAME_SECRET": SECRET,
            "MOTCUA_BRANDNAME": "MOTCUANB",
            "MOTCUA_SMS_FIRST": "brandname",
        }
        well = (await look(**good))["brand-name SMS"]
        wrong = (await look(**good | {"MOTCUA_BRANDNAME_SECRET": "x"}))["brand-name SMS"]
        unknown = (await look(**good | {"MOTCUA_BRANDNAME": "OTHER"}))["brand-name SMS"]

    assert gateway.taken == []
    assert well.ok and "first" in well.detail
    assert not wrong.ok and "101" in wrong.detail
    assert not unknown.ok and "104" in unknown.detail


async def test_access_to_the_push_service_is_bought_and_zalo_is_not_asked(tmp_path: Path) -> None:
    service = PushService()
    account, templates = tmp_path / "account.json", tmp_path / "zalo.json"
    templates.write_text("{}", encoding="utf-8")
    zalo = {
        "MOTCUA_ZALO_APP_ID": "4000001",
        "MOTCUA_ZALO_SECRET_KEY": SECRET,
        "MOTCUA_ZALO_REFRESH_TOKEN": SECRET,
        "MOTCUA_ZALO_TEMPLATES": str(templates),
        "MOTCUA_ZALO_URL": "http://127.0.0.1:9",
        "MOTCUA_ZALO_OAUTH_URL": "http://127.0.0.1:9",
    }
    with running(service):
        account.write_text(json.dumps(service.account_file()), encoding="utf-8")
        push = {"MOTCUA_PUSH_ACCOUNT": str(account), "MOTCUA_PUSH_URL": service.base_url}
        well = await look(**push, **zalo)
        account.write_text("{}", encoding="utf-8")
        templates.write_text("[]", encoding="utf-8")
        wrong = await look(**push, **zalo)

    assert (service.bought, service.taken) == (1, [])
    assert well["push"].ok and well["Zalo"].ok
    assert "events are refused" in well["Zalo"].detail
    assert not wrong["push"].ok and not wrong["Zalo"].ok


async def test_readiness_says_by_which_ways_messages_may_leave(client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).json()["ways"] == ["sms"]


def test_the_ways_are_told_in_the_order_they_are_tried() -> None:
    gateway = {
        "MOTCUA_BRANDNAME_URL": "https://gateway.example.vn",
        "MOTCUA_BRANDNAME_KEY": "key",
        "MOTCUA_BRANDNAME_SECRET": SECRET,
        "MOTCUA_BRANDNAME": "MOTCUANB",
    }
    mail = {"MOTCUA_SMTP_URL": "smtps://mail.example.vn", "MOTCUA_SMTP_SENDER": "a@example.vn"}

    second = Settings.from_environment(gateway | mail).channels.ways
    first = Settings.from_environment(gateway | {"MOTCUA_SMS_FIRST": "brandname"}).channels.ways

    assert (second, first) == (["sms", "brandname", "email"], ["brandname", "sms"])


@pytest.mark.parametrize(
    "outside",
    [
        {"MOTCUA_SMTP_URL": "smtps://mail.example.vn", "MOTCUA_SMTP_SENDER": "a@example.vn"},
        {
            "MOTCUA_BRANDNAME_URL": "https://gateway.example.vn",
            "MOTCUA_BRANDNAME_KEY": "key",
            "MOTCUA_BRANDNAME_SECRET": SECRET,
            "MOTCUA_BRANDNAME": "MOTCUANB",
        },
        {
            "MOTCUA_ZALO_APP_ID": "1",
            "MOTCUA_ZALO_SECRET_KEY": SECRET,
            "MOTCUA_ZALO_REFRESH_TOKEN": SECRET,
            "MOTCUA_ZALO_TEMPLATES": "zalo.json",
            "MOTCUA_ZALO_URL": "http://127.0.0.1:9",
        },
        {"MOTCUA_PUSH_ACCOUNT": "account.json"},
    ],
)
def test_a_rehearsal_writes_to_nobody_outside(outside: dict[str, str]) -> None:
    assert Settings.from_environment(outside).channels.here().ways == ["sms"]
    with pytest.raises(SettingsError, match="this machine only"):
        Settings.from_environment(outside | {"MOTCUA_SANDBOX": "yes"})
