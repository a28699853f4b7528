from __future__ import annotations

from itertools import product

import pytest

from subscribers.consent import ACTS, Act, decide
from subscribers.models import STATUSES, Status

ALL: list[tuple[Status | None, Act]] = list(product([None, *STATUSES], ACTS))


@pytest.mark.parametrize(("status", "act"), ALL)
def test_every_act_is_decided_in_every_status_and_doing_it_again_changes_nothing(
    status: Status | None, act: Act
) -> None:
    decision = decide(status, act)
    again = decide(decision.status, act)

    assert decision.changes is (decision.status != status)
    assert not again.changes
    if decision.refusal:
        assert not decision.changes
        assert decision.letter is None


@pytest.mark.parametrize("act", [act for act in ACTS if act.startswith("import") or act in ("add", "ask", "confirm")])
def test_nobody_who_left_is_brought_back_by_somebody_else_or_by_an_old_link(act: Act) -> None:
    assert decide("left", act).status == "left"


@pytest.mark.parametrize("status", STATUSES)
def test_leaving_always_works(status: Status) -> None:
    assert decide(status, "leave").status == "left"
    assert decide(status, "leave").refusal == ""


def test_only_a_confirmation_or_an_editors_word_confirms() -> None:
    confirming = {act for status, act in ALL if status != "confirmed" and decide(status, act).status == "confirmed"}
    assert confirming == {"confirm", "add", "restore", "import"}


def test_who_comes_back_by_themselves_confirms_again() -> None:
    assert decide("left", "subscribe").status == "pending"
    assert decide("left", "subscribe").letter == "confirmation"


@pytest.mark.parametrize("status", [None, "pending", "confirmed", "left"])
def test_an_editors_word_that_the_person_asked_always_confirms(status: Status | None) -> None:
    assert decide(status, "restore").status == "confirmed"


def test_small_letters_go_out_once() -> None:
    letters = {(status, act): decide(status, act).letter for status, act in ALL if decide(status, act).letter}
    assert letters == {
        (None, "subscribe"): "confirmation",
        (None, "ask"): "confirmation",
        ("pending", "ask"): "confirmation",
        ("pending", "subscribe"): "confirmation",
        ("left", "subscribe"): "confirmation",
        ("pending", "confirm"): "welcome",
        ("confirmed", "leave"): "goodbye",
    }


@pytest.mark.parametrize(
    ("act", "nobody", "pending", "confirmed", "left"),
    [
        ("subscribe", "pending", "pending", "confirmed", "pending"),
        ("ask", "pending", "pending", "confirmed", "left"),
        ("confirm", None, "confirmed", "confirmed", "left"),
        ("leave", None, "left", "left", "left"),
        ("add", "confirmed", "confirmed", "confirmed", "left"),
        ("restore", "confirmed", "confirmed", "confirmed", "confirmed"),
        ("import", "confirmed", "confirmed", "confirmed", "left"),
        ("import-pending", "pending", "pending", "confirmed", "left"),
        ("import-left", "left", "left", "left", "left"),
    ],
)
def test_what_an_act_makes_of_each_status(
    act: Act, nobody: Status | None, pending: Status, confirmed: Status, left: Status
) -> None:
    """The rules once more, in the order in which a person comes and goes."""
    before: tuple[Status | None, ...] = (None, "pending", "confirmed", "left")
    assert [decide(status, act).status for status in before] == [nobody, pending, confirmed, left]


def test_who_is_refused_and_in_which_words() -> None:
    refused = {(status, act): decide(status, act).refusal for status, act in ALL if decide(status, act).refusal}
    by_choice = "this person left the list; only they can come back"
    assert refused == {
        (None, "confirm"): "nobody asked for this subscription",
        ("left", "confirm"): "this person left the list after asking for it",
        **{("left", act): by_choice for act in ("ask", "add", "import", "import-pending")},
    }
