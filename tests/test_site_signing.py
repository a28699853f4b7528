"""Messages between the site and the reader pages: one rule in Python and in PHP, on the same vectors."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.site_hook.signing import (
    WINDOW,
    SignedBy,
    body_signed,
    request_signed,
    sign_body,
    sign_request,
)

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2025, 11, 30, 0, 0, tzinfo=UTC)
KEY = bytes(range(32))
OTHER = bytes(32)
# Made with: printf '1764460800.…' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
VECTORS = [
    (b'{"id":"0f","post":8}', "41bfb56b0f8de50fb060bfe565d8dca36b82358e225863f4a577314bb35ae37a"),
    (
        '{"values":{"headline":"الميناء \\/ ١٢"}}'.encode(),
        "a1774d77ce2ae4b93021418928ef074dcb656e45b35d9e854e6c84b0d02262a1",
    ),
    (b"", "bd1afa8d06f8030a54fb0928f4597f976b4fa9eee51e704758a339af99b107de"),
    (b"GET /hooks/wordpress/figures", "9102ff079dfe5f8d760a79d4bb77fb381e1e5ba4b7993f90287907a716771560"),
    (
        b"GET /wp-json/nashra/v1/posts?since=1764374400&page=2",
        "681162ad510897fe2bef0f5dc6966004843b3d19472974667c9a1e9341421e96",
    ),
]


def php(asked: list[dict[str, Any]], name: str = "signing", part: str = "signing") -> list[Any]:
    """What the plugin says to the same."""
    if shutil.which("php") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("php is missing: apt-get install php-cli")
        pytest.skip("php is not installed")
    files = [ROOT / "tests/wordpress" / f"{name}.php", ROOT / "templates/wordpress/parts" / f"{part}.php"]
    done = subprocess.run(["php", *files], input=json.dumps(asked), capture_output=True, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def question(
    said: bytes, header: str = "", *, now: datetime = NOW, secret: bytes = KEY, old: bytes = b"", until: int = 0
) -> dict[str, Any]:
    """One line of what the plugin is asked."""
    settings = {"secret": secret.hex(), "old_secret": old.hex(), "old_until": until}
    text = base64.b64encode(said).decode()
    return {"settings": settings, "said": text, "header": header, "now": int(now.timestamp())}


@pytest.mark.parametrize(("said", "signature"), VECTORS)
def test_the_vectors_in_python(said: bytes, signature: str) -> None:
    assert sign_body(KEY, said, now=NOW) == f"t=1764460800,v1={signature}"
    method, _, target = said.decode().partition(" ")
    if method == "GET":
        assert sign_request(KEY, method, target, now=NOW) == f"t=1764460800,v1={signature}"
        header = f"t=1764460800,v1={signature}"
        assert request_signed(header, "GET", target, [KEY], now=NOW) is SignedBy.GENUINE
        assert request_signed(header, "HEAD", target, [KEY], now=NOW) is SignedBy.FORGED
        assert request_signed(header, "GET", target + "0", [KEY], now=NOW) is SignedBy.FORGED


def test_the_vectors_in_php() -> None:
    answers = php([question(said, f"t=1764460800,v1={signature}") for said, signature in VECTORS])
    assert [one["header"] for one in answers] == [f"t=1764460800,v1={signature}" for _, signature in VECTORS]
    assert all(one["genuine"] for one in answers)


def test_php_refuses_what_python_refuses() -> None:
    said, at = VECTORS[0][0], int(NOW.timestamp())
    good = sign_body(KEY, said, now=NOW)
    week = NOW + timedelta(days=7)
    later = sign_body(OTHER, said, now=NOW)
    asked = {
        "as it is": (question(said, good), True),
        "another word": (question(said + b" ", good), False),
        "another key": (question(said, good, secret=OTHER), False),
        "300 s late": (question(said, good, now=NOW + WINDOW), True),
        "301 s late": (question(said, good, now=NOW + WINDOW + timedelta(seconds=1)), False),
        "301 s early": (question(said, good, now=NOW - WINDOW - timedelta(seconds=1)), False),
        "a line behind it": (question(said, good + "\n"), False),
        "nothing": (question(said, ""), False),
        "no secret": (question(said, "t=1764460800,v1=" + "0" * 64, secret=b""), False),
        "the old key in its week": (question(said, later, old=OTHER, until=at + 1), True),
        "the old key after it": (question(said, later, old=OTHER, until=at), False),
        "the new key all the same": (question(said, good, now=week, old=OTHER, until=at), False),
    }
    answers = php([one for one, _ in asked.values()])
    assert {name: one["genuine"] for name, one in zip(asked, answers, strict=True)} == {
        name: expected for name, (_, expected) in asked.items()
    }


@pytest.mark.parametrize(
    ("header", "secrets", "late", "expected"),
    [
        ("good", [KEY], 0, SignedBy.GENUINE),
        ("good", [OTHER, KEY], 0, SignedBy.GENUINE),
        ("good", [KEY, OTHER], 300, SignedBy.GENUINE),
        ("good", [KEY], -300, SignedBy.GENUINE),
        ("good", [KEY], 301, SignedBy.OLD),
        ("good", [KEY], -301, SignedBy.OLD),
        ("good", [OTHER], 0, SignedBy.FORGED),
        ("good", [OTHER], 301, SignedBy.FORGED),
        ("good", [], 0, SignedBy.FORGED),
        ("", [KEY], 0, SignedBy.MISSING),
        ("t=1764460800", [KEY], 0, SignedBy.FORGED),
        ("t=-1764460800,v1=" + "0" * 64, [KEY], 0, SignedBy.FORGED),
        ("t=١٧٦٤٤٦٠٨٠٠,v1=" + "0" * 64, [KEY], 0, SignedBy.FORGED),
        ("t=" + "9" * 5000 + ",v1=" + "0" * 64, [KEY], 0, SignedBy.FORGED),
    ],
)
def test_who_signed(header: str, secrets: list[bytes], late: int, expected: SignedBy) -> None:
    said = VECTORS[0][0]
    value = sign_body(KEY, said, now=NOW) if header == "good" else header
    assert body_signed(value, said, secrets, now=NOW + timedelta(seconds=late)) is expected


@given(said=st.binary(max_size=200), key=st.binary(min_size=32, max_size=32), seconds=st.integers(-300, 300))
def test_what_one_signs_the_other_knows(said: bytes, key: bytes, seconds: int) -> None:
    header = sign_body(key, said, now=NOW)
    assert body_signed(header, said, [key], now=NOW + timedelta(seconds=seconds)) is SignedBy.GENUINE


@given(said=st.binary(min_size=1, max_size=60), place=st.integers(0, 59), bit=st.integers(0, 7))
def test_no_bit_can_be_changed(said: bytes, place: int, bit: int) -> None:
    header = sign_body(KEY, said, now=NOW)
    other = bytearray(said)
    other[place % len(said)] ^= 1 << bit
    assert body_signed(header, bytes(other), [KEY], now=NOW) is SignedBy.FORGED
    text = bytearray(header, "ascii")
    text[2 + place % (len(text) - 2)] ^= 1 << (bit % 7)
    assert body_signed(text.decode("ascii", "replace"), said, [KEY], now=NOW) is not SignedBy.GENUINE


@given(header=st.text(max_size=90))
def test_no_text_gets_in(header: str) -> None:
    assert body_signed(header, b"{}", [KEY], now=NOW) in {SignedBy.MISSING, SignedBy.FORGED}


def test_a_post_is_read_after_the_moment_that_is_told_of_it() -> None:
    # Else what another process saves meanwhile would be the earlier word, and be lost.
    earlier, done, given = php([], "moment", "hook")
    assert earlier
    assert done == ["posts", "post_meta", "read"]
    assert given == 7


def test_who_writes_to_two_sites_of_a_network_in_one_request_is_heard_of_both() -> None:
    sites, at, _ = php([], "network", "hook")
    assert (sites, at) == ([1, 2], 1)
