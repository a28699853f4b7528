"""What a form sends, at the edges of its caps; the caps of letters in numbers; the blocks that a network lies in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from subscribers.store.limits import DAY, HOUR, MONTH, Caps, blocks, widest
from subscribers.web import forms
from subscribers.web.client_address import address
from subscribers.web.forms import FormTooLargeError, NoFormError

KEYS = {1: bytes(range(32))}
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Arriving:
    """A request whose body comes in pieces."""

    def __init__(self, length: str | None, pieces: list[bytes]) -> None:
        self.headers = {} if length is None else {"content-length": length}
        self._pieces = pieces

    async def stream(self) -> Any:
        for piece in self._pieces:
            yield piece


def body(length: str | None, pieces: list[bytes], most: int = 10) -> bytes:
    return asyncio.run(forms.body(Arriving(length, pieces), most))  # type: ignore[arg-type]


def test_a_body_is_read_up_to_its_cap_and_no_byte_further() -> None:
    assert body("10", [b"x" * 10]) == b"x" * 10
    assert body(None, [b"x" * 4, b"y" * 6]) == b"xxxxyyyyyy"
    for length, pieces in (("11", []), (None, [b"x" * 11]), ("5", [b"x" * 6, b"y" * 5])):
        with pytest.raises(FormTooLargeError):
            body(length, pieces)


@pytest.mark.parametrize("length", ["-1", "+1", "1e3", "٣", "", " 1", "1" * 12, "0" * 12])
def test_a_length_that_is_no_plain_number_is_refused(length: str) -> None:
    with pytest.raises(FormTooLargeError):
        body(length, [b""], most=10**30)


def test_a_length_of_eleven_digits_is_a_number() -> None:
    assert body("0" * 11, [b""]) == b""


def test_a_form_has_a_hundred_fields_and_not_one_more() -> None:
    plain = "application/x-www-form-urlencoded"
    assert len(forms.fields(plain, b"&".join(b"f%d=1" % n for n in range(100)))) == 100
    with pytest.raises(NoFormError):
        forms.fields(plain, b"&".join(b"f%d=1" % n for n in range(101)))


def multipart(number: int) -> bytes:
    part = '--b\r\nContent-Disposition: form-data; name="f{}"\r\n\r\n1\r\n'
    return ("".join(part.format(n) for n in range(number)) + "--b--\r\n").encode()


def test_so_has_a_form_in_parts() -> None:
    assert len(forms.fields("multipart/form-data; boundary=b", multipart(100))) == 100
    with pytest.raises(NoFormError):
        forms.fields("multipart/form-data; boundary=b", multipart(101))


def test_a_part_without_a_name_or_without_a_value_is_no_field() -> None:
    nameless = b"--b\r\nContent-Type: text/plain\r\n\r\n1\r\n"
    bare = b'--b\r\nContent-Disposition: form-data; name="f"\r\n'
    whole = b'--b\r\nContent-Disposition: form-data; name="g"\r\n\r\n2\r\n'
    assert forms.fields("multipart/form-data; boundary=b", nameless + bare + whole + b"--b--\r\n") == {"g": ("2",)}


def test_when_a_form_was_made_is_signed_and_read_to_the_second() -> None:
    stamp = forms.stamp(KEYS, NOW)
    assert (timedelta(seconds=2), timedelta(hours=24)) == (forms.SOONEST, forms.LATEST)
    assert forms.age(stamp, KEYS, NOW + timedelta(seconds=2)) == timedelta(seconds=2)
    assert forms.age(stamp, {2: bytes(32)}, NOW) is None
    for at in range(len(stamp)):
        changed = stamp[:at] + ("A" if stamp[at] != "A" else "B") + stamp[at + 1 :]
        assert forms.age(changed, KEYS, NOW) is None


def test_twenty_hops_are_looked_at() -> None:
    from ipaddress import ip_network

    proxies = (ip_network("10.0.0.0/8"),)
    assert str(address("10.0.0.9", [",".join(["198.51.100.7", *["10.0.0.1"] * 19])], proxies)) == "198.51.100.7"
    assert str(address("10.0.0.9", [",".join(["198.51.100.7", *["10.0.0.1"] * 20])], proxies)) == "10.0.0.1"


def test_the_caps_in_numbers() -> None:
    caps = Caps()
    assert (HOUR, DAY, MONTH) == (3600, 86_400, 2_592_000)
    assert {scope: (seconds, most) for scope, seconds, most in caps.windows() if scope != "mailbox"} == {
        "network": (HOUR, 30),
        "block": (HOUR, 200),
        "allocation": (HOUR, 250),
        "domain": (HOUR, 500),
        "mail": (HOUR, 200),
        "file": (HOUR, 500),
        "total": (HOUR, 1000),
        "poll": (HOUR, 300),
        "poll block": (HOUR, 5000),
    }
    assert [(seconds, most) for scope, seconds, most in caps.windows() if scope == "mailbox"] == [(DAY, 1), (MONTH, 3)]
    assert (caps.kept, caps.kept_of_block) == (20_000, 1000)
    assert caps.behind_waiting() == Caps(total_an_hour=750)


def test_the_least_caps_still_let_one_through() -> None:
    least = Caps(total_an_hour=1, network_an_hour=1)
    assert {most for scope, _, most in least.windows() if not scope.startswith("poll")} == {1, 3}
    assert least.behind_waiting().total_an_hour == 1


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("198.51.100.0/24", {"block": "198.51.0.0/16"}),
        ("2001:db8:1:2::/64", {"block": "2001:db8:1::/48", "allocation": "2001:db8::/32"}),
        ("2001:db8:ffff:ffff::/64", {"block": "2001:db8:ffff::/48", "allocation": "2001:db8::/32"}),
        ("198.0.0.0/8", {"block": "198.0.0.0/8"}),
        ("", {"block": ""}),
        ("nowhere", {"block": "nowhere"}),
    ],
)
def test_the_blocks_of_a_network(network: str, expected: dict[str, str]) -> None:
    assert blocks(network) == expected
    assert widest(network) == list(expected.items())[-1]
