"""Records of SPF, DKIM and DMARC as the standards read them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.check.records import SpfTerm, dkim_key, dmarc_policy, is_dmarc, spf_terms, tags

KEYS = {
    name: json.loads((Path(__file__).parent / "data" / "checks" / name / "zone.json").read_text("utf-8"))
    for name in ("clean-sender", "dkim-weak")
}
GOOD = KEYS["clean-sender"]["s1._domainkey.almawja.example.org TXT"][0]
SHORT = KEYS["dkim-weak"]["s2._domainkey.almawja.example.org TXT"][0]


@pytest.mark.parametrize(
    ("record", "terms"),
    [
        ("v=spf1", []),
        ("v=spf1 -all", [SpfTerm("-", "all", "")]),
        (
            "v=spf1 mx a:mail.example.org/28 ~all",
            [SpfTerm("+", "mx", ""), SpfTerm("+", "a", "mail.example.org"), SpfTerm("~", "all", "")],
        ),
        ("v=spf1 a/24 MX/24//64", [SpfTerm("+", "a", ""), SpfTerm("+", "mx", "")]),
        (
            "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32",
            [SpfTerm("+", "ip4", "192.0.2.0"), SpfTerm("+", "ip6", "2001:db8::")],
        ),
        (
            "v=spf1 ?include:_spf.example.net redirect=x.example",
            [SpfTerm("?", "include", "_spf.example.net"), SpfTerm("", "redirect", "x.example")],
        ),
        (
            "v=spf1 exists:%{i}._spf.example.org unknown=1",
            [SpfTerm("+", "exists", "%{i}._spf.example.org"), SpfTerm("", "unknown", "1")],
        ),
    ],
)
def test_terms_of_spf(record: str, terms: list[SpfTerm]) -> None:
    assert spf_terms(record) == (terms, [])


@pytest.mark.parametrize(
    "term",
    [
        "ipv4:192.0.2.1",
        "ip4:192.0.2.300",
        "ip4:2001:db8::1",
        "ip6:192.0.2.1",
        "include",
        "include:",
        "all:x",
        "foo",
        "a:",
        "-redirect=x",
        ",",
    ],
)
def test_what_is_no_term(term: str) -> None:
    assert spf_terms(f"v=spf1 {term} -all")[1] == [term]


@pytest.mark.parametrize(
    ("record", "yes"),
    [
        ("v=DMARC1; p=none", True),
        ("v=DMARC1", True),
        (" v = DMARC1 ;p=none", True),
        ("v=DMARC12; p=none", False),
        ("v=dmarc1; p=none", False),
        ("p=none; v=DMARC1", False),
        ("v=spf1 -all", False),
        ("", False),
    ],
)
def test_what_is_a_dmarc_record(record: str, yes: bool) -> None:
    assert is_dmarc(record) is yes


@pytest.mark.parametrize(
    ("record", "own", "inherited"),
    [
        ("v=DMARC1; p=reject", "reject", "reject"),
        ("v=DMARC1; p=reject; sp=none", "reject", "none"),
        ("v=DMARC1; P=Quarantine; pct=20", "quarantine", "quarantine"),
        ("v=DMARC1; rua=mailto:a@example.org", "none", "none"),
        ("v=DMARC1; p=monitor", "none", "none"),
    ],
)
def test_policies_of_both_standards(record: str, own: str, inherited: str) -> None:
    assert dmarc_policy(record, inherited=False) == own
    assert dmarc_policy(record, inherited=True) == inherited


def test_keys() -> None:
    key = dkim_key(GOOD)
    assert key is not None
    assert (key.kind, key.bits, key.revoked, key.testing) == ("rsa", 2048, False, False)
    assert (weak := dkim_key(SHORT)) is not None and weak.bits == 1024  # noqa: PT018
    assert (gone := dkim_key("v=DKIM1; p=")) is not None and gone.revoked  # noqa: PT018
    assert (trial := dkim_key("t=y:s; p=")) is not None and trial.testing  # noqa: PT018
    small = dkim_key("k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    assert small is not None
    assert (small.kind, small.bits) == ("ed25519", 256)
    for record in ("", "v=DKIM1", "v=DKIM2; p=AAAA", "p=not base64!", "k=rsa"):
        assert dkim_key(record) is None


def test_a_bare_key_and_one_that_is_cut_off() -> None:
    whole = base64.b64decode(tags(GOOD)["p"])
    bare = whole[24:]  # without the SubjectPublicKeyInfo round it
    assert bare[0] == 0x30
    assert (key := dkim_key(f"p={base64.b64encode(bare).decode()}")) is not None and key.bits == 2048  # noqa: PT018
    for end in range(0, len(whole), 7):
        cut = dkim_key(f"p={base64.b64encode(whole[:end]).decode()}")
        assert cut is None or cut.bits in (0, 2048)


@given(st.text(max_size=40), st.binary(max_size=60))
def test_no_record_breaks_them(text: str, key: bytes) -> None:
    spf_terms(f"v=spf1 {text}")
    tags(text)
    is_dmarc(text)
    dmarc_policy(text, inherited=True)
    dkim_key(text)
    dkim_key(f"p={base64.b64encode(key).decode()}")
