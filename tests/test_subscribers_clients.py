"""Who asks, when proxies stand between."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.web.client_address import address, network

PROXIES = tuple(ip_network(one) for one in ("127.0.0.1", "::1", "10.0.0.0/8", "2001:db8:1::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # a stranger may say what they like
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),  # the first was written by the client
        ("127.0.0.1", ["203.0.113.9, 198.51.100.7, 10.1.1.1"], "198.51.100.7"),
        ("127.0.0.1", ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
        ("::1", ["[2001:db8::5]:443"], "2001:db8::5"),
        ("127.0.0.1", ["198.51.100.7:51000"], "198.51.100.7"),
        ("::ffff:127.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["fe80::1%eth0"], "fe80::1"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9, , 10.0.0.1"], "10.0.0.1"),
        ("", ["198.51.100.7"], "None"),
        ("testclient", [], "None"),
        ("127.0.0.1", [",".join(["10.0.0.1"] * 1000)], "10.0.0.1"),
    ],
)
def test_only_trusted_hops_are_believed(peer: str, forwarded: list[str], expected: str) -> None:
    assert str(address(peer, forwarded, PROXIES)) == expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:a:b:c:d:e:f", "2001:db8:a:b::/64"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("", ""),
    ],
)
def test_the_network_of_a_client(peer: str, expected: str) -> None:
    assert network(address(peer, [], ())) == expected


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=4))
def test_anything_can_stand_in_the_header(peer: str, forwarded: list[str]) -> None:
    address(peer, forwarded, PROXIES)
    address("127.0.0.1", forwarded, PROXIES)
