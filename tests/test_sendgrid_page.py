"""What docs/en/sendgrid.md and docs/ar/sendgrid.md say of answers, rights and reports is what the code does."""

from __future__ import annotations

import json
import re
from unittest import mock

import pytest
from command import ROOT
from page_tables import tables

from newsletter.senders import QUEUED, UNKNOWN, Answer, Parcel, registry
from newsletter.senders.https import Api, JsonReply
from newsletter.senders.sendgrid import answers, events, rights
from newsletter.senders.sendgrid.options import SendGridOptions
from newsletter.senders.sendgrid.suppressions import AccountLists

PAGES = {language: (ROOT / "docs" / language / "sendgrid.md").read_text("utf-8") for language in ("en", "ar")}
RIGHTS, _, REPORTS, ANSWERS = range(4)
"""The tables of a page, in order; that of DNS stands in a list."""
STOPS = {"en": "the send stops", "ar": "يقف الإرسال"}
PARCELS = [Parcel(number, f"d{number}", f"reader{number}@example.net", {}) for number in range(3)]


def answered(status: int, message: str = "", where: str = "", *, page: bool = False) -> Answer:
    """What becomes of a request of three readers."""
    body = b"<html>" if page else json.dumps({"errors": [{"message": message or "no", "field": where}]}).encode()
    return answers.understand(status, {}, body, PARCELS, {})


@pytest.mark.parametrize("language", PAGES)
def test_answers_do_what_the_table_says(language: str) -> None:
    rows = tables(PAGES[language])[ANSWERS]
    told = {row[0]: row[2] for row in rows}
    stopping = [
        answered(400, "no", "subject"),
        answered(401, "The provided authorization grant is invalid, expired, or revoked"),
        answered(401, "Maximum credits exceeded"),
        answered(403, "The from address does not match a verified Sender Identity.", "from"),
        answered(403, "access forbidden"),
        answered(451),
        answered(404, page=True),
    ]
    assert all(answer.stop and answer.state == QUEUED and not answer.apart for answer in stopping)
    # As many rows say so and nothing else; that of single addresses says when, that of large letters, too.
    rest = [words for words in told.values() if words.startswith(STOPS[language])]
    assert len(rest) == len(stopping), told
    for words in ("authorization grant is invalid", "Maximum credits exceeded", "access forbidden"):
        assert [row for row in rows if words in row[0] and row[2].startswith(STOPS[language])], words

    named = answered(400, "Does not contain a valid address.", "personalizations.1.to.0.email")
    assert (list(named.apart), named.stop, named.again) == ([1], False, True)
    halved = [answered(400), answered(413)]
    assert all(answer.split and not answer.stop and not answer.apart for answer in halved)
    waiting = [answered(429), answered(503)]
    assert all(answer.state == QUEUED and not answer.stop and not answer.split for answer in waiting)
    assert all(answered(status).state == UNKNOWN for status in (500, 502, 504))


@pytest.mark.parametrize("language", PAGES)
def test_a_key_with_the_rights_of_the_table_is_enough_and_has_no_more(language: str) -> None:
    cells = " ".join(row[1] for row in tables(PAGES[language])[RIGHTS])
    lists = re.findall("bounces|blocks|spam_reports|invalid_emails|unsubscribes", cells)
    assert set(lists) == set(AccountLists.names)
    scopes = [*re.findall(r"[a-z_]+\.(?:send|read)\b", cells), *(f"suppression.{one}.read" for one in lists)]
    assert {"mail.send", "suppression.read", "email_activity.read"} <= set(scopes)
    with mock.patch.object(rights, "ask_json", return_value=JsonReply(200, {"scopes": scopes}, 0)):
        state = rights.look(mock.Mock(spec=Api), SendGridOptions(key="SG.x"))
    assert state.faults == ()
    assert str(state.words) == "the key works and may send"


@pytest.mark.parametrize("language", PAGES)
def test_reports_of_the_table_are_those_that_are_read(language: str) -> None:
    cells = " ".join(row[0] for row in tables(PAGES[language])[REPORTS])
    named = set(re.findall(r"[a-z_]{5,}", cells)) - {"anything"}
    # Who opens is counted nowhere, and clicks only by a setting of their own.
    assert named == set(events.KINDS) - {"open", "click"}


def test_each_provider_that_reports_has_the_page_that_the_doctor_names() -> None:
    reporting = [provider.name for provider in registry.providers() if provider.reports is not None]
    assert "sendgrid" in reporting
    assert [
        name for name in reporting for language in PAGES if not (ROOT / "docs" / language / f"{name}.md").exists()
    ] == []
