"""The rules of suppression alone: what an event means, and under which fingerprints an address may stand."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from subscribers.errors import SecretError
from subscribers.models import BounceKind, Event, EventKind
from subscribers.suppression import LOOKS_BACK, NO_KEYS, PATIENCE, fingerprint, fingerprints, judge, newest

KEYS = {1: b"1" * 32, 2: b"2" * 32, 9: b"9" * 32}


def event(kind: EventKind, bounce: BounceKind | None = None) -> Event:
    return Event(kind=kind, at=datetime(2026, 11, 24, tzinfo=UTC), delivery="ab12.1", bounce=bounce)


@pytest.mark.parametrize("troubles", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("bounce", ["hard", "invalid"])
def test_a_dead_address_is_suppressed_at_once(bounce: BounceKind, troubles: int) -> None:
    assert judge(event("bounced", bounce), troubles) == ("suppress", bounce)


@pytest.mark.parametrize("troubles", [0, 1, 2, 3, 50])
def test_a_complaint_suppresses_at_once_whatever_else_it_says(troubles: int) -> None:
    assert judge(event("complained"), troubles) == ("suppress", "complained")
    assert judge(event("complained", "soft"), troubles) == ("suppress", "complained")


@pytest.mark.parametrize(("troubles", "suppressed"), [(0, False), (1, False), (2, True), (3, True), (50, True)])
@pytest.mark.parametrize(("bounce", "reason"), [("soft", "soft"), ("blocked", "blocked"), (None, "soft")])
def test_the_third_letter_in_trouble_suppresses(
    bounce: BounceKind | None, reason: str, troubles: int, suppressed: bool
) -> None:
    expected = ("suppress", reason) if suppressed else ("remember", None)
    assert judge(event("bounced", bounce), troubles) == expected


@pytest.mark.parametrize("kind", ["delivered", "deferred", "opened", "clicked", "left", "unknown"])
def test_nothing_else_means_anything(kind: EventKind) -> None:
    assert judge(event(kind), 50) == ("nothing", None)
    assert judge(event(kind, "hard"), 50) == ("nothing", None)


def test_the_measures() -> None:
    assert (3, timedelta(days=30)) == (PATIENCE, LOOKS_BACK)
    assert dict(NO_KEYS) == {}


def test_a_fingerprint_is_an_hmac_for_addresses_alone() -> None:
    """The words signed are written out here: a change of them would let every suppressed address be mailed again."""
    said = b"nashra address 1\0" + "سلمى@example.org".encode()
    assert fingerprint("سلمى@example.org", KEYS[1]) == hmac.new(KEYS[1], said, hashlib.sha256).digest()
    assert fingerprint("a@example.org", KEYS[1]) != hmac.digest(KEYS[1], b"a@example.org", "sha256")


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match=f"a secret key has 32 bytes, not {length}"):
        fingerprint("a@example.org", b"k" * length)


def test_the_newest_key_is_the_highest() -> None:
    assert newest(KEYS) == 9
    assert newest({3: KEYS[1]}) == 3
    with pytest.raises(SecretError, match="the secret key for suppressed addresses is missing") as caught:
        newest({})
    assert "restore the secret file" in caught.value.mend


def test_an_address_may_stand_under_every_key_in_use_and_no_other() -> None:
    assert fingerprints("a@example.org", KEYS, frozenset({9, 1})) == [
        fingerprint("a@example.org", KEYS[1]),
        fingerprint("a@example.org", KEYS[9]),
    ]
    assert fingerprints("a@example.org", KEYS, frozenset()) == []
    assert fingerprints("a@example.org", {}, frozenset()) == []


def test_without_a_key_in_use_nobody_is_judged() -> None:
    with pytest.raises(SecretError, match="suppressed under secret key 4, which is missing") as caught:
        fingerprints("a@example.org", KEYS, frozenset({1, 7, 4}))
    assert "without it they would be mailed again" in caught.value.mend
