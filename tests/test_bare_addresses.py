"""Addresses that an editor types as words become links, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.issues import prose
from newsletter.issues.prose import linking


def links(markdown: str) -> list[str]:
    passage = prose.read(markdown)
    assert not passage.faults
    return [url for block in passage.blocks if block.inline for _, url in block.inline.links]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("زوروا https://example.org/a_b_c?x=1&y=(2).", ["https://example.org/a_b_c?x=1&y=(2)"]),
        ("(https://example.org/x)", ["https://example.org/x"]),
        ("هل قرأتم https://example.org/ويكي؟", ["https://example.org/ويكي"]),
        ("https://example.org/a، https://example.org/b؛", ["https://example.org/a", "https://example.org/b"]),
        ("«https://example.org/x»", ["https://example.org/x"]),
        ("**https://example.org/a**", ["https://example.org/a"]),
        ("راسلونا على desk@example.org.", ["mailto:desk@example.org"]),
        ("البريد:desk@example.org", ["mailto:desk@example.org"]),
        ("\u2066https://example.org/\u2069 ثم", ["https://example.org/"]),
        ("[https://example.org](https://example.net)", ["https://example.net"]),
        ("`https://example.org` و`desk@example.org`", []),
        ("@user@mastodon.example", []),
        ("mailto:desk@example.org", []),
        ("https:// ثم https://.", []),
        ("http://example.org", []),
        ("http://name:word@example.org/", []),
        ("a@b و5@6.7", []),
    ],
)
def test_addresses_in_words_are_links(markdown: str, expected: list[str]) -> None:
    assert links(markdown) == expected


def test_an_address_is_isolated_and_stands_once_in_the_twin() -> None:
    passage = prose.read("راسلونا على desk@example.org، أو زوروا https://example.org/a.")
    assert '<a href="mailto:desk@example.org"><span dir="ltr">desk@example.org</span></a>،' in passage.html()
    assert passage.text() == "راسلونا على desk@example.org، أو زوروا https://example.org/a."


@given(st.text(alphabet="ab@./:()[]?!،؟ -_hтps\u2066\u2069«»", max_size=60) | st.text(max_size=60))
def test_no_sign_is_lost_or_added(text: str) -> None:
    found = list(linking.parts(text))
    assert "".join(piece for piece, _ in found) == text
    assert all(url in (piece, f"mailto:{piece}") for piece, url in found if url)
