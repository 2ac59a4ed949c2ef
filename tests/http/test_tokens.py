"""A token is read only when all of it is in order; a standard library agrees on what that is."""

import base64
import json
import string
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.principals import Audience, Caller, Principal
from app.http.tokens import ISSUER, LEEWAY_S, LIFETIME, SigningKey, Tokens

ALPHABET = string.ascii_letters + string.digits + "-_"
KEY = SigningKey.generate()
OTHER = SigningKey.generate()
TOKENS = Tokens({KEY.kid: KEY})
MINH = Principal(
    audience=Audience.STAFF,
    id=uuid.uuid4(),
    sign_in_id=uuid.uuid4(),
    callers=frozenset({Caller.OFFICER, Caller.SHIFT_LEAD}),
    centre_id=uuid.uuid4(),
    scopes=frozenset({"a", "b"}),
)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": "staff",
        "sub": str(MINH.id),
        "sid": str(MINH.sign_in_id),
        "jti": "1",
        "iat": now,
        "exp": now + 60,
        "roles": ["officer"],
        "scope": "",
    } | changes


def signed(payload: dict[str, Any], key: SigningKey = KEY, **header: Any) -> str:
    return jwt.encode(
        payload, key.private, algorithm="ES256", headers={"kid": KEY.kid, "typ": "at+jwt"} | header
    )


def packed(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_what_was_issued_is_read_as_it_was_and_read_again() -> None:
    token = TOKENS.issue(MINH, now=datetime.now(UTC))

    assert [TOKENS.read(token) for _ in range(3)] == [MINH] * 3


def test_any_of_our_keys_is_accepted_and_no_other() -> None:
    both = Tokens({KEY.kid: KEY, OTHER.kid: OTHER})
    old = Tokens({OTHER.kid: OTHER}).issue(MINH, now=datetime.now(UTC))

    assert both.read(old) == MINH
    assert TOKENS.read(old) is None


def test_a_token_ends_with_its_time_also_when_it_was_read_before() -> None:
    issued = datetime.now(UTC).replace(microsecond=0)
    moment = issued.timestamp()
    tokens = Tokens({KEY.kid: KEY}, clock=lambda: moment)
    token = tokens.issue(MINH, now=issued)
    last = (issued + LIFETIME).timestamp() + LEEWAY_S

    moment = last - 1
    assert tokens.read(token) == MINH

    moment = last
    assert tokens.read(token) is None


NOT_IN_ORDER: dict[str, str] = {
    "another key under our name": signed(claims(), key=OTHER),
    "a key we do not have": signed(claims(), kid="unknown"),
    "an identity token": signed(claims(), typ="JWT"),
    "a critical extension": signed(claims(), crit=["b64"], b64=True),
    "an embedded key": signed(claims(), jwk=OTHER.public_jwk()),
    "expired": signed(claims(exp=int(time.time()) - LEEWAY_S - 1)),
    "not yet issued": signed(claims(iat=int(time.time()) + LEEWAY_S + 60)),
    "not yet valid": signed(claims(nbf=int(time.time()) + LEEWAY_S + 60)),
    "another issuer": signed(claims(iss="other")),
    "several audiences": signed(claims(aud=["staff"])),
    "an unknown audience": signed(claims(aud="everyone")),
    "an unknown role": signed(claims(roles=["root"])),
    "an id that is none": signed(claims(sub="1")),
    "time as text": signed(claims() | {"exp": "9999999999"}),
    "no signature": f"{packed({'alg': 'none', 'typ': 'at+jwt', 'kid': KEY.kid})}.{packed(claims())}.",
    "a signature with a secret": jwt.encode(
        claims(),
        "x" * 64,
        algorithm="HS256",
        headers={"kid": KEY.kid, "typ": "at+jwt"},
    ),
    "nothing": "",
    "two parts": "a.b",
    "letters of another alphabet": "a.b.ć",
}


@pytest.mark.parametrize("name", NOT_IN_ORDER)
def test_what_is_not_in_order_is_nobody(name: str) -> None:
    assert TOKENS.read(NOT_IN_ORDER[name]) is None


@pytest.mark.parametrize("name", ["exp", "iat", "iss", "aud", "sub", "jti", "sid", "roles", "scope"])
def test_a_token_without_one_of_its_claims_is_nobody(name: str) -> None:
    whole = claims()
    assert TOKENS.read(signed(whole)) is not None
    del whole[name]

    assert TOKENS.read(signed(whole)) is None


@pytest.mark.parametrize("part", [0, 1, 2])
@given(data=st.data())
def test_a_token_changed_anywhere_is_nobody_though_it_was_read_before(
    part: int, data: st.DataObject
) -> None:
    tokens = Tokens({KEY.kid: KEY})
    token = tokens.issue(MINH, now=datetime.now(UTC))
    assert tokens.read(token) == MINH
    parts = token.split(".")
    # The last letter of a part carries bits that mean nothing; a change there may be no change.
    # Which letter stands at a place differs from token to token, so what is drawn is how far to
    # turn it: the draws are then the same for every token.
    at = data.draw(st.integers(0, len(parts[part]) - 2))
    turn = data.draw(st.integers(1, len(ALPHABET) - 1))
    letter = ALPHABET[(ALPHABET.index(parts[part][at]) + turn) % len(ALPHABET)]
    parts[part] = parts[part][:at] + letter + parts[part][at + 1 :]

    assert tokens.read(".".join(parts)) is None


@given(
    st.text(max_size=200)
    | st.binary(max_size=80).map(lambda raw: f"{packed(raw)}.{packed(raw)}.{'A' * 86}")
)
def test_any_text_at_all_is_nobody(text: str) -> None:
    assert TOKENS.read(text) is None


def test_the_standard_library_reads_what_we_read() -> None:
    token = TOKENS.issue(MINH, now=datetime.now(UTC))

    read = jwt.decode(
        token, KEY.private.public_key(), algorithms=["ES256"], audience="staff", issuer=ISSUER
    )

    assert (read["sub"], read["sid"]) == (str(MINH.id), str(MINH.sign_in_id))
