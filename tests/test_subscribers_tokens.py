from __future__ import annotations

import base64
import contextlib
import hmac
import random
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers import tokens
from subscribers.errors import LinkError
from subscribers.tokens import Purpose

KEYS = {3: bytes(range(32)), 4: bytes(range(32, 64))}
PERSON = bytes(range(16))


def link(purpose: Purpose = "leave", *, list_id: int = 7, epoch: int = 2, public_id: bytes = PERSON) -> str:
    return tokens.make(purpose, KEYS, public_id=public_id, list_id=list_id, epoch=epoch)


@given(
    st.sampled_from(["leave", "preferences", "view"]),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**40 - 1),
    st.integers(0, 2**63 - 1),
)
def test_every_link_has_52_characters_and_says_what_was_put_in(
    purpose: Purpose, public_id: bytes, list_id: int, epoch: int
) -> None:
    token = link(purpose, list_id=list_id, epoch=epoch, public_id=public_id)

    assert len(token) == tokens.WIDTH == 52
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    claim = tokens.read(token, purpose)
    assert (claim.purpose, claim.key_id, claim.public_id, claim.list_id) == (purpose, 4, public_id, list_id)
    assert tokens.verify(claim, KEYS, epoch)
    assert not tokens.verify(claim, KEYS, epoch + 1)


@pytest.mark.parametrize(
    ("purpose", "token"),
    [
        ("leave", "AQQAAQIDBAUGBwgJCgsMDQ4PAAAAAAfQbXKl17XedHVlP8b7B61M"),
        ("preferences", "AgQAAQIDBAUGBwgJCgsMDQ4PAAAAAAfQQYRc_SN0aMShz8fs1auR"),
        ("view", "AwQAAQIDBAUGBwgJCgsMDQ4PAAAAAAdBNhAWhALH-Pt3g5FTp9FK"),
    ],
)
def test_links_that_were_mailed_once_open_for_good(purpose: Purpose, token: str) -> None:
    """They stand in letters of years ago: no later version may read or sign them otherwise."""
    assert link(purpose) == token
    assert tokens.verify(tokens.read(token, purpose), KEYS, 2)


def test_a_link_opens_nothing_else() -> None:
    with pytest.raises(LinkError, match="for something else"):
        tokens.read(link("view"), "leave")
    # Nor does its signature, moved under another purpose, list, person or key.
    raw = bytearray(decoded(link("view")))
    for at, value in ((0, 1), (1, 3), (2, 255), (22, 8)):
        forged = bytearray(raw)
        forged[at] = value
        token = encoded(bytes(forged))
        claim = tokens.read(token, "leave" if at == 0 else "view")
        assert not tokens.verify(claim, KEYS, 2)


def pair(keys: dict[int, bytes] = KEYS, *, list_id: int = 7, epoch: int = 2) -> tuple[str, str]:
    """The two links of a letter: to leave, and to the preferences."""
    (leave,), (choose,) = tokens.pairs(keys, list_id=list_id)([(PERSON, epoch)])
    return leave.decode(), choose.decode()


def test_the_two_links_of_a_letter_open_each_its_own_page_and_no_other() -> None:
    leave, choose = pair()
    assert leave == link("leave")  # as it always was
    # It stands in letters of years ago: no later version may read or sign it otherwise.
    assert choose == "BAQAAQIDBAUGBwgJCgsMDQ4PAAAAAAfIpJf53roOWd2Ysm1sAT1M"
    claim = tokens.read(choose, "preferences")
    assert (claim.purpose, claim.key_id, claim.public_id, claim.list_id) == ("preferences", 4, PERSON, 7)
    assert tokens.verify(claim, KEYS, 2)
    assert not tokens.verify(claim, KEYS, 3)
    for token, purpose in ((choose, "leave"), (choose, "view"), (leave, "preferences")):
        with pytest.raises(LinkError, match="for something else"):
            tokens.read(token, purpose)  # type: ignore[arg-type]


def test_no_half_of_the_signature_serves_the_other_link() -> None:
    leave, choose = (decoded(token) for token in pair())
    assert leave[23:] != choose[23:]
    for code, purpose in ((1, "leave"), (2, "preferences"), (3, "view"), (4, "preferences")):
        for raw in (leave, choose):
            token = encoded(bytes((code,)) + raw[1:])
            good = tokens.verify(tokens.read(token, purpose), KEYS, 2)  # type: ignore[arg-type]
            assert good == (raw is (leave if code == 1 else choose) and code in (1, 4))
    # Nor is an older preferences link one of a letter.
    old = decoded(link("preferences"))
    assert not tokens.verify(tokens.read(encoded(b"\x04" + old[1:]), "preferences"), KEYS, 2)


def test_the_links_of_a_letter_outlive_the_next_key_and_no_more() -> None:
    _, choose = pair({3: KEYS[3]})
    claim = tokens.read(choose, "preferences")
    assert tokens.verify(claim, KEYS, 2)
    assert not tokens.verify(claim, {4: KEYS[4]}, 2)
    assert not tokens.verify(claim, {3: KEYS[4]}, 2)
    with pytest.raises(ValueError, match="public id"):
        tokens.pairs(KEYS, list_id=1)([(b"short", 0)])


@pytest.mark.slow
@pytest.mark.parametrize("purpose", ["leave", "preferences"])
def test_100_000_mutations_are_refused(purpose: Purpose) -> None:
    letters = string.ascii_letters + string.digits + "-_"
    chance = random.Random(20261124)
    token = pair()[purpose == "preferences"]
    accepted = 0
    for _ in range(100_000):
        mutated = list(token)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            mutated[chance.randrange(52)] = chance.choice(letters)
        text = "".join(mutated)
        if text == token:
            continue
        with contextlib.suppress(LinkError):
            accepted += tokens.verify(tokens.read(text, purpose), KEYS, 2)
    assert accepted == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token[1:],
        lambda token: "+" + token[1:],
        lambda token: "/" + token[1:],
        lambda token: "é" + token[1:],
        lambda token: "\uff21" + token[1:],
        lambda token: "",
        lambda token: "\0" * 52,
    ],
)
def test_a_link_that_lost_or_gained_something_is_not_complete(change: object) -> None:
    assert callable(change)
    with pytest.raises(LinkError, match="not complete"):
        tokens.read(change(link()), "leave")


def test_a_link_of_the_old_key_works_while_the_key_is_live() -> None:
    old = {3: KEYS[3]}
    token = tokens.make("leave", old, public_id=PERSON, list_id=1, epoch=0)
    claim = tokens.read(token, "leave")

    assert claim.key_id == 3
    assert tokens.verify(claim, KEYS, 0)
    assert not tokens.verify(claim, {4: KEYS[4]}, 0)
    assert not tokens.verify(claim, {3: KEYS[4]}, 0)


def test_the_newest_key_signs_whatever_the_order_of_the_mapping() -> None:
    upside_down = dict(reversed(KEYS.items()))
    assert tokens.read(tokens.make("view", upside_down, public_id=PERSON, list_id=0, epoch=0), "view").key_id == 4


def test_an_unknown_key_of_zeros_opens_nothing() -> None:
    zeros = tokens.make("leave", {9: bytes(32)}, public_id=PERSON, list_id=1, epoch=0)
    assert not tokens.verify(tokens.read(zeros, "leave"), KEYS, 0)


@pytest.mark.parametrize(
    ("keys", "public_id", "list_id"),
    [
        ({1: b"short"}, PERSON, 1),
        (KEYS, b"short", 1),
        (KEYS, PERSON, 2**40),
        (KEYS, PERSON, -1),
        ({256: bytes(32)}, PERSON, 1),
        ({}, PERSON, 1),
    ],
)
def test_parts_that_do_not_fit_are_refused(keys: dict[int, bytes], public_id: bytes, list_id: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the words are for developers only
        tokens.make("leave", keys, public_id=public_id, list_id=list_id, epoch=0)


def test_people_and_random_keys_do_not_share_signatures() -> None:
    made = {
        tokens.make("leave", {1: secrets.token_bytes(32)}, public_id=PERSON, list_id=1, epoch=0)[-22:]
        for _ in range(50)
    }
    assert len(made) == 50


def decoded(token: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(token)


def encoded(raw: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(raw).decode()


@given(
    st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.integers(0, 2**64 - 1)), max_size=20),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**40 - 1),
)
def test_many_at_once_are_what_hmac_says_of_each(people: list[tuple[bytes, int]], key: bytes, list_id: int) -> None:
    expected = []
    for public_id, epoch in people:
        head = bytes((1, 9)) + public_id + list_id.to_bytes(5, "big")
        signature = hmac.digest(key, b"nashra link 1\0" + head + epoch.to_bytes(8, "big"), "sha256")
        expected.append(base64.urlsafe_b64encode(head + signature[:16]))

    assert tokens.maker("leave", {9: key}, list_id=list_id)(people) == expected
