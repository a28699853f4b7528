"""Defences that nothing else would miss: each of these tests dies when its defence is taken away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from newsletter.errors import RenderError
from newsletter.letters.headers import mailbox_header, parameter, text_header
from subscribers.web import forms, requests
from subscribers.web.client_address import MOST_HOPS, address
from subscribers.web.places import Places

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
KEYS = {1: b"1" * 32, 2: b"2" * 32}
PROXIES = [ip_network("10.0.0.0/8")]


# Who asks, behind proxies


def test_no_more_hops_are_followed_than_any_newsroom_has() -> None:
    assert MOST_HOPS == 20
    nineteen = [f"10.0.0.{number}" for number in range(1, 20)]
    assert address("10.1.1.1", [", ".join(["203.0.113.7", *nineteen])], PROXIES) == ip_address("203.0.113.7")
    # One more, and the words of the stranger are out of reach: whoever writes ten thousand hops gains nothing.
    twenty = [*nineteen, "10.0.0.20"]
    assert address("10.1.1.1", [", ".join(["203.0.113.7", *twenty])], PROXIES) == ip_address("10.0.0.1")
    assert address("10.1.1.1", ["203.0.113.7", *twenty], PROXIES) == ip_address("10.0.0.1")


# Headers


@pytest.mark.parametrize("code", [0xD800, 0xDC80, 0xDFFF])
@pytest.mark.parametrize(
    "write",
    [
        lambda value: text_header("Subject", value),
        lambda value: mailbox_header("From", f"{value} <news@example.org>"),
        lambda value: parameter("filename", value),
    ],
)
def test_half_a_character_is_told_with_its_place(write: Callable[[str], bytes], code: int) -> None:
    """A lone surrogate comes from broken JSON, and no charset can write it: without this it is a traceback."""
    with pytest.raises(RenderError, match=f"U\\+{code:04X}") as caught:
        write(f"أسبوع {chr(code)} على الساحل")
    assert caught.value.mend == "write it as one plain line of text"


# Forms


def test_the_time_of_a_form_counts_only_when_we_signed_it() -> None:
    """Every stamp here is a minute old: its age alone is no reason to refuse it, today or in a year."""
    stamp = forms.stamp(KEYS, NOW - timedelta(minutes=1))
    assert forms.age(stamp, KEYS, NOW) == timedelta(minutes=1)
    # The older key still opens, an unknown one never did.
    assert forms.age(forms.stamp({1: KEYS[1]}, NOW), KEYS, NOW) == timedelta()
    stranger = forms.stamp({2: b"x" * 32}, NOW - timedelta(minutes=1))
    assert forms.age(stranger, KEYS, NOW) is None
    # Another time under the same signature, and the same time under a changed one.
    later = forms.stamp(KEYS, NOW)
    assert forms.age(later[:8] + stamp[8:], KEYS, NOW) is None
    for at in range(9, 31):
        changed = "A" if stamp[at] != "A" else "B"
        assert forms.age(stamp[:at] + changed + stamp[at + 1 :], KEYS, NOW) is None
    assert forms.age(f"{stamp}A", KEYS, NOW) is None
    assert forms.age("", KEYS, NOW) is None


# The time of an answer


class Slept:
    """A clock that a test moves, and what was slept by it."""

    def __init__(self) -> None:
        self.now = 50.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Slept:
    slept = Slept()
    monkeypatch.setattr(requests, "time", slept)
    monkeypatch.setattr(requests, "asyncio", SimpleNamespace(sleep=slept.sleep, timeout=asyncio.timeout))
    return slept


def client(slept: Slept, *, pace: float, even: bool, takes: float) -> TestClient:
    site: Any = SimpleNamespace(pace=pace, proxies=(), keep_client=False, writing=Places(4), counting=Places(1))

    def handler(_site: Any, _request: requests.Request) -> PlainTextResponse:
        slept.now += takes
        return PlainTextResponse("شكراً")

    return TestClient(Starlette(routes=[requests.route(site, "/x", handler, ["GET", "POST"], even=even)]))


@pytest.mark.parametrize(("takes", "whole"), [(0.01, 0.25), (0.2, 0.25), (0.3, 0.5), (0.6, 0.75)])
def test_the_time_of_an_answer_does_not_tell_what_was_found(slept: Slept, takes: float, whole: float) -> None:
    began = slept.now
    assert client(slept, pace=0.25, even=True, takes=takes).post("/x", data={"a": "b"}).status_code == 200
    assert slept.now - began == pytest.approx(whole)
    assert len(slept.pauses) == 1


@pytest.mark.parametrize(("method", "pace", "even"), [("GET", 0.25, True), ("POST", 0.25, False), ("POST", 0.0, True)])
def test_nobody_waits_where_nothing_could_be_told(slept: Slept, method: str, pace: float, even: bool) -> None:
    assert client(slept, pace=pace, even=even, takes=0.01).request(method, "/x").status_code == 200
    assert slept.pauses == []


def test_the_real_clock_rounds_up_too() -> None:
    moving: Any = Slept()
    began = time.monotonic()
    client(moving, pace=0.2, even=True, takes=0).post("/x")
    assert time.monotonic() - began >= 0.2
