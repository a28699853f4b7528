"""Files that other programs export: how to know them, and what their columns say of a person (pure).

Mailchimp: three files, for subscribed, unsubscribed and cleaned (bounced) addresses (mailchimp.com, "View or export
contacts"). MailPoet: one row for each list a person is on, quotation marks escaped with a backslash (its
Subscribers/ImportExport/Export/Export.php). listmonk: cmd/subscribers.go. Ghost: members-csv. WordPress.com and
Jetpack: a column of addresses and nothing else (Automattic/jetpack issue 40260); their page of subscribers knows four
words for the state of a subscription, which are understood if they are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from subscribers.csvfile.vocabulary import (
    NOT_LEFT,
    STANDING_OF,
    Standing,
    fold,
)


@dataclass(frozen=True, slots=True)
class ColumnMeaning:
    """What the cells of one column say of a person."""

    words: Mapping[str, Standing] = field(default_factory=dict)
    """Folded cell to standing."""
    otherwise: Standing | None = None
    """The standing for anything else in the cell; None makes the row unusable."""
    must: bool = False
    """An empty cell makes the row unusable: in this file silence is no consent."""


@dataclass(frozen=True, slots=True)
class OtherProgram:
    """A program whose export we know."""

    name: str
    needs: frozenset[str]
    """Folded names of columns that are all there."""
    says: Mapping[str, ColumnMeaning]
    """Folded name of a column to what its cells say."""
    any_of: frozenset[str] = frozenset()
    """Folded names of columns of which at least one is there."""
    files: Mapping[str, Standing] = field(default_factory=dict)
    """Beginning of the file's folded name to what it says of everybody in it."""
    escape: str | None = None
    """What stands before a quotation mark inside a quoted cell, when it is not doubled."""
    guarded: bool = False
    """Cells that look like formulas have an apostrophe in front."""
    note: str = ""
    """What an editor should know before anything is written."""


def _words(standings: Mapping[Standing, str]) -> Mapping[str, Standing]:
    return {fold(word): standing for standing, words in standings.items() for word in words.split(",")}


TOPICS, PAUSE = "declinedtopics", "pauseduntil"
"""Folded names of the columns of our own export that hold what a person chose."""

TOOLS = (
    OtherProgram(
        name="Nashra",
        needs=frozenset({"address", "status", "rhythm", "suppressed", TOPICS, PAUSE}),
        says={
            "status": ColumnMeaning(
                _words({"confirmed": "confirmed", "pending": "pending", "left": "left"}), must=True
            ),
            "suppressed": ColumnMeaning(otherwise="suppressed"),
        },
        guarded=True,
    ),
    OtherProgram(
        name="Mailchimp",
        needs=frozenset({"emailaddress"}),
        any_of=frozenset({"memberrating", "leid", "euid"}),
        says={"unsubtime": ColumnMeaning(otherwise="left"), "cleantime": ColumnMeaning(otherwise="suppressed")},
        files={"unsubscribed": "left", "cleaned": "suppressed"},
        note="Mailchimp exports three files; import the unsubscribed and the cleaned one too",
    ),
    OtherProgram(
        name="MailPoet",
        needs=frozenset(),
        any_of=frozenset({"liststatus", "globalstatus"}),
        says=dict.fromkeys(
            ("liststatus", "globalstatus"),
            ColumnMeaning(
                _words(
                    # "inactive" has not opened a letter for long; it still is a confirmed subscription.
                    {
                        "confirmed": "subscribed,inactive",
                        "pending": "unconfirmed",
                        "left": "unsubscribed",
                        "suppressed": "bounced",
                    }
                ),
                must=True,
            ),
        ),
        escape="\\",
        guarded=True,
        note="whoever unsubscribed from one of the exported lists stays out",
    ),
    OtherProgram(
        name="listmonk",
        needs=frozenset({"uuid", "email", "attributes", "status"}),
        says={
            "status": ColumnMeaning(
                _words({"confirmed": "enabled", "left": "disabled", "suppressed": "blocklisted"}), must=True
            )
        },
        note="listmonk's file does not say who left a single list; export with the subscription status 'confirmed'",
    ),
    OtherProgram(
        name="Ghost",
        needs=frozenset({"email", "subscribedtoemails"}),
        says={
            "subscribedtoemails": ColumnMeaning(_words({"confirmed": "true,1", "left": "false,0"}), must=True),
            "deletedat": ColumnMeaning(otherwise="left"),
        },
    ),
    OtherProgram(
        name="WordPress.com",
        needs=frozenset(),
        any_of=frozenset({"emailsubscription"}),
        says={
            "emailsubscription": ColumnMeaning(
                # "Not sending" covers bounces, complaints and pauses alike: they stay out, and can come back.
                _words({"confirmed": "subscribed", "pending": "not confirmed", "left": "not subscribed,not sending"}),
                must=True,
            )
        },
    ),
)

UNKNOWN = OtherProgram(name="", needs=frozenset(), says={})
"""Any other file: a column called status speaks the words of `subscribers.csvfile.vocabulary`."""

STATUS = ColumnMeaning(STANDING_OF)

LEAVING = ColumnMeaning(dict.fromkeys(NOT_LEFT, "confirmed"), otherwise="left")


def recognise(names: list[str]) -> OtherProgram:
    """The program a file comes from, by the folded names of its columns."""
    there = frozenset(names)
    for tool in TOOLS:
        if tool.needs <= there and (not tool.any_of or tool.any_of & there):
            return tool
    return UNKNOWN
