"""What is said of a workspace, in English, with ``{parts}``: the catalogue of alerts has the same texts. Pure."""

from __future__ import annotations

from collections.abc import Mapping

COMMAND = "{command}"
AGAIN = "it is tried again at {again}, or now with: {command}"
GOES_ON = "it goes on at {again}"
DECIDED = "it is decided from {again} on"
START = "start a worker: {command}"
CRON = "start newsletter worker, or put this into cron: {command}"
LOG = "look at the log of newsletter serve; the cap is {command}"
COMPARE = "compare the key in {command} with the one at the provider"
FREE = "free some space at {command}"
DELIST = "find out why and mend it, then ask to be taken off: {command}"
RIGHT_TIME = "see whether it is right now: {command}"
TAKE_OVER = "take over whom the provider sends to no more: {command}"
PUT_UP = "make the plugin anew and put it up: {command}"
STEPS = (AGAIN, GOES_ON, DECIDED, START, CRON, LOG, COMPARE, FREE, DELIST, RIGHT_TIME, TAKE_OVER, PUT_UP)
"""What may come next, as the catalogue of alerts knows it; a command alone needs no words."""

AWAY = frozenset({"database", "old-schema", "new-schema"})
"""Kinds of findings with which nothing can be read or written."""

TEXTS: Mapping[str, tuple[str, str]] = {
    "database": ("The database cannot be reached: {reason}", "The database answers again."),
    "old-schema": ("The database is older than this program: {reason}", "The database fits the program again."),
    "new-schema": ("The database is newer than this program: {reason}", "The database fits the program again."),
    "restored": (
        "The database is older than what this workspace remembers: it was restored, and may not know what has gone",
        "",
    ),
    "clock": (
        "The clock was set back by {time} (hours:minutes), or had run ahead; what is planned waits for its moment anew",
        "",
    ),
    "brake": (
        "Issue {issue} is paused, since the provider takes nothing: {reason}",
        "Issue {issue} is no longer paused.",
    ),
    "sender": (
        "Issue {issue} rests, since the settings name another sender: {reason}",
        "Issue {issue} is no longer paused.",
    ),
    "reports": (
        "Issue {issue} paused itself, since too much came back: {reason}",
        "Issue {issue} is no longer paused.",
    ),
    "warm-up": ("Issue {issue} waits for its next day of warming up", ""),
    "trial": ("Issue {issue} tries its subjects on a part of its readers, and the others wait", ""),
    "trial-asks": (
        "The subjects of issue {issue} have been tried, and its other readers wait for you to choose one",
        "Issue {issue} goes on.",
    ),
    "trial-late": (
        "The subject of issue {issue} was to be chosen at {when}, and nobody has: its other readers still wait",
        "Issue {issue} goes on.",
    ),
    "rests": ("Issue {issue} rests, as an editor said", ""),
    "stopped": (
        "Issue {issue} stopped in the middle: {open} letters are still to go, and nobody is at work",
        "Issue {issue} goes on.",
    ),
    "late": (
        "Issue {issue} was to start at {when}, and nobody has started it",
        "Issue {issue} has started.",
    ),
    "unknown": (
        "Of {number} letters of issue {issue} nobody knows whether they went",
        "Nothing of issue {issue} is in doubt any more.",
    ),
    "refused": ("The provider refused {number} addresses of issue {issue}", ""),
    "worker": ("No worker has given a sign of life since {when}, and work waits for one", "A worker is at work again."),
    "no-worker": ("Issue {issue} is planned, and no worker is there to start it", ""),
    "missed": (
        "The schedule's moment {when} ({job}) has passed, and nobody has kept it",
        "The schedule is kept again.",
    ),
    "unkept": ("There is a schedule, and nobody keeps it", ""),
    "letters": (
        "{number} small letters wait, the oldest since {when}; readers wait for them",
        "Small letters go again.",
    ),
    "held": ("{number} bounces came too many at once to be believed, and wait for you", ""),
    "flooded": (
        "More people ask at the form than may get a confirmation letter in an hour: {number} wait, "
        "from {networks} networks",
        "Nobody waits at the form any more.",
    ),
    "webhook": (
        "{number} reports to the webhook of {provider} had a wrong signature, and none a right one since {when}",
        "Reports of {provider} verify again.",
    ),
    "site-posts": (
        "The site told of {number} posts that could not be fetched or taken back, the oldest since {when}: {reason}",
        "Everything that the site told of has been fetched or taken back.",
    ),
    "knocks": (
        "{number} messages that call themselves the site's had a wrong signature, and none a right one since {when}",
        "The site's messages verify again.",
    ),
    "complaints": (
        "{number} of {answered} letters of the last seven days were called spam ({share}); Gmail and Yahoo want less "
        "than 0.1 %, and never 0.3 %",
        "Fewer letters are called spam again.",
    ),
    "blocklist": (
        "Servers name the blocklist {blocklist} as the reason for {number} letters of the last seven days",
        "No server has named that blocklist for seven days.",
    ),
    "turned-away": (
        "{domain} put off or turned away {number} of {answered} letters of the last seven days, for what we are or "
        "send",
        "That domain takes letters again.",
    ),
    "dmarc": (
        "{number} of {answered} letters of ours did not pass DMARC, as receivers reported in the last seven days",
        "Letters of ours pass DMARC again.",
    ),
    "unknown-sends": (
        "{number} reports came of letters that the database does not know (issue or send: {issues}); {lost} of them "
        "say that a reader bounced, complained or left, and nobody here knows who",
        "",
    ),
    "disk": ("The disk of the {place} is nearly full: {free} MB are free", "There is room on the disk again."),
    "backup": ("The newest backup is {days} days old", "There is a new backup."),
    "no-backup": ("There is no backup of the database", ""),
}
"""Kind of a finding to what is said of it, and what is said when it is over; empty when nothing is."""
KINDS = tuple(TEXTS)
RECEIVERS_SAY = ("complaints", "blocklist", "turned-away", "dmarc")
"""Kinds of findings about how receivers take our letters."""
