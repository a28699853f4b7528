from __future__ import annotations

import string
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscribers.addresses import Address, normalise, thorough
from subscribers.display import shown
from subscribers.errors import AddressError

RIGHT_TO_LEFT_MARK = "\u200f"


@pytest.mark.parametrize(
    ("text", "address", "key"),
    [
        ("salma@example.org", "salma@example.org", "salma@example.org"),
        ("Salma.Al-Harbi+news@Example.ORG", "Salma.Al-Harbi+news@example.org", "salma.al-harbi+news@example.org"),
        ("  salma@example.org\t\r\n", "salma@example.org", "salma@example.org"),
        ("\u200fsalma@example.org\u200e\ufeff", "salma@example.org", "salma@example.org"),
        ("\u2068salma@example.org\u2069", "salma@example.org", "salma@example.org"),
        ("o'neil@example.org", "o'neil@example.org", "o'neil@example.org"),
        ("INFO@example.org", "info@example.org", "info@example.org"),
        ("salma@أخبار.example.org", "salma@xn--igbicxr.example.org", "salma@xn--igbicxr.example.org"),
        ("salma@XN--IGBICXR.example.org", "salma@xn--igbicxr.example.org", "salma@xn--igbicxr.example.org"),
        ("salma@bücher.example", "salma@xn--bcher-kva.example", "salma@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_read_as_a_mail_server_needs_it(text: str, address: str, key: str) -> None:
    assert normalise(text) == Address(address, key, False)


def test_a_local_part_that_is_not_ascii_needs_smtputf8_and_is_folded_for_the_key() -> None:
    assert normalise("سلمى@example.org") == Address("سلمى@example.org", "سلمى@example.org", True)
    assert normalise("JOSÉ@example.org") == Address("JOSÉ@example.org", "josé@example.org", True)
    decomposed = normalise("jose\u0301@example.org")
    assert decomposed.key == normalise("josé@example.org").key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is nothing here"),
        (" \u200f ", "there is nothing here"),
        ("salma", "it has no @"),
        ("سلمى الحربي", "it has no @"),
        ("mailto:salma@example.org", "write it without mailto:"),
        ("Salma <salma@example.org>", "write the address alone, without a name and angle brackets"),
        ("salma@example.org>", "write the address alone, without a name and angle brackets"),
        ("salma@@example.org", "it has more than one @"),
        ("salma harbi@example.org", "it has a space in it"),
        ("salma@example,org", "it has a comma or semicolon in it"),
        ("salma@example.org؛", "it has a comma or semicolon in it"),
        ("salma@example", "The part after the @-sign is not valid. It should have a period"),
        ("salma@mail.local", "special-use or reserved name"),
        ("salma.@example.org", "cannot have a period immediately before the @-sign"),
        ("salma\0@example.org", "it has characters that no address can have"),
        ("salma\ud800@example.org", "it has characters that no address can have"),
        (f"{'a' * 65}@example.org", "too long before the @-sign"),
        (f"salma@{'a' * 64}.org", "periods cannot be separated by so many characters"),
        ("a" * 300 + "@example.org", "it is longer than 254 bytes"),
        ("salma@[127.0.0.1]", "bracketed IP address"),
        ('"salma harbi"@example.org', "Quoting the part before the @-sign is not allowed"),
    ],
)
def test_what_is_no_address_is_told_in_plain_words(text: str, reason: str) -> None:
    with pytest.raises(AddressError) as told:
        normalise(text)
    assert reason in told.value.reason
    assert (
        told.value.what
        == f"'{shown(text.strip(' ' + RIGHT_TO_LEFT_MARK))}' is not an e-mail address: {told.value.reason}"
    )
    assert "\n" not in str(told.value)


# Mostly the letters of real addresses, seasoned with the signs that decide the quick road's borders.
_local = st.text(alphabet=string.ascii_letters + string.digits + "._+-'!#/=?^`{|}~\"\\(),:;<>[] ", max_size=70)
_label = st.text(alphabet=string.ascii_letters + string.digits + "-_", max_size=66)
_end = st.sampled_from(
    ["org", "com", "net", "test", "local", "localhost", "arpa", "onion", "invalid", "c", "Org", "xn--p1ai", "x1", "1"]
)
_plain = st.builds(
    lambda local, labels, end: f"{local}@{'.'.join([*labels, end])}",
    _local | st.sampled_from(["Info", "POSTMASTER", "www", "news", "abuse"]),
    st.lists(_label | st.sampled_from(["xn--igbicxr", "ab--c", "example", "mail"]), max_size=6),
    _end,
)


@pytest.mark.slow
@settings(max_examples=400)
@given(_plain | st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
@example("Info@example.org")
@example("a@b-.org")
@example("a@b--c.org")
@example("a@-b.org")
@example("a@b.c-d")
@example(f"a@{'b.' * 124}org")
@example(f"{'a' * 64}@{'b.' * 92}orgs")
@example("a@b.org\n")
def test_the_quick_road_gives_the_answer_of_email_validator(text: str) -> None:
    stripped = text.strip(" \t\r\n\v\f\x85\xa0")
    assert _answer(normalise, text) == _answer(thorough, stripped)


@settings(max_examples=200)
@given(st.text(max_size=60) | st.builds("{}@{}.org".format, st.text(max_size=20), st.text(max_size=20)))
@example("\u212a@\u212a.org")
@example("a@\u3002.org")
@example("@\u0338<a@example.org>")
@example("<")
def test_any_text_is_an_address_or_a_complaint(text: str) -> None:
    answer = _answer(normalise, text)
    if isinstance(answer, Address):
        local, at, domain = answer.address.rpartition("@")
        assert at
        assert local
        assert domain.isascii()
        assert domain == domain.lower()
        assert answer.needs_smtputf8 is not local.isascii()
        again = normalise(answer.address)
        assert again == answer
        assert normalise(answer.key).key == answer.key


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 130_000 + "b@example.org",
        " " * 130_000,
        "a@" + "b." * 65_000,
        "a." * 65_000 + "@b.org",
        "@" * 130_000,
        "a@" + "b-" * 65_000 + ".org",
        '"' * 130_000,
        "<" * 130_000,
        "é" * 130_000 + "@example.org",
    ],
)
def test_a_huge_text_is_refused_at_once(text: str) -> None:
    start = time.thread_time()
    with pytest.raises(AddressError):
        normalise(text)
    assert time.thread_time() - start < 0.5


def _answer(read: object, text: str) -> Address | str:
    assert callable(read)
    try:
        answer = read(text)
    except AddressError as error:
        return error.reason
    assert isinstance(answer, Address)
    return answer


@given(st.text())
def test_shown_text_is_one_short_printable_line(text: str) -> None:
    line = shown(text, 20)
    assert len(line) <= 20
    assert line.isprintable()


def test_shown_text_keeps_short_text_and_marks_a_cut() -> None:
    assert shown("سلمى\t الحربي") == "سلمى الحربي"
    assert shown("a" * 30, 10) == "aaaaaaaaa…"
    assert shown("abc\u202edef") == "abc\N{REPLACEMENT CHARACTER}def"
    assert shown(" " * 500 + "a", 10).endswith("…")
