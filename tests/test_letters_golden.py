"""Golden issues: what each of them becomes is stored beside it, as HTML, as text and as mail.

``UPDATE_LETTERS=1 pytest tests/test_letters_golden.py`` writes the stored ones anew; look at the difference before
keeping it.
"""

from __future__ import annotations

import email
import email.policy
import os
from email.message import EmailMessage

import golden_letters as golden
import pytest
from jinja2 import Environment

from newsletter.letters.render import sizes
from newsletter.letters.templates import environment
from newsletter.models import Rendered

UPDATE = os.environ.get("UPDATE_LETTERS") == "1"


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


def made(name: str, templates: Environment) -> tuple[golden.Golden, Rendered, bytes]:
    one = golden.golden(name)
    rendered = golden.rendered(one, templates)
    return one, rendered, golden.message(golden.letter(one, rendered))


@pytest.mark.parametrize("name", golden.NAMES)
def test_letters_are_as_stored(name: str, templates: Environment) -> None:
    _, rendered, message = made(name, templates)
    stored = {
        "letter.html": (rendered.html + "\n").encode(),
        "letter.txt": f"{rendered.subject}\n\n{rendered.text}".encode(),
        "letter.eml": message,
    }
    for file, content in stored.items():
        path = golden.FOLDER / name / file
        if UPDATE:
            path.write_bytes(content)
        assert path.read_bytes() == content, f"{path} differs; see the docstring of this file"


@pytest.mark.parametrize("name", golden.NAMES)
def test_mail_reads_back_as_the_letter_that_was_made(name: str, templates: Environment) -> None:
    _, rendered, raw = made(name, templates)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert [part.defects for part in message.walk() if part.defects] == []
    assert message["Subject"] == rendered.subject
    leave, choose = (url.rpartition("/")[2] for url in (golden.LEAVE_URL, golden.PREFERENCES_URL))
    for kind, text in (("plain", rendered.text), ("html", rendered.html)):
        body = message.get_body((kind,))
        assert body is not None
        expected = text.replace(leave, golden.TOKEN.decode()).replace(choose, golden.CHOOSE_TOKEN.decode())
        assert body.get_content().replace("\r\n", "\n") == expected
    pictures = {
        part["Content-ID"].strip("<>"): part.get_content()
        for part in message.walk()
        if part.get_content_maintype() == "image"
    }
    assert pictures == {picture.cid: picture.data for picture in rendered.pictures}


@pytest.mark.parametrize("name", golden.NAMES)
def test_no_letter_is_clipped(name: str, templates: Environment) -> None:
    _, rendered, raw = made(name, templates)
    plain, encoded = sizes(rendered.html)
    assert plain <= 95_000
    assert encoded <= 102_000
    start = raw.index(b"Content-Type: text/html")
    body = raw[raw.index(b"\r\n\r\n", start) + 4 :].partition(b"\r\n--")[0]
    # The slot has 52 bytes in the mail, and fewer in the letter.
    assert abs(len(body) - encoded) < 300


def test_there_is_one_of_each_kind() -> None:
    wanted = [
        "short",
        "fifty",
        "vocalised",
        "latin",
        "numbers",
        "plain",
        "hostile",
        "english",
        "french",
        "hebrew",
        "persian",
        "mixed",
    ]
    assert set(wanted) <= set(golden.NAMES)
    assert set(golden.THEMES) <= {golden.template(name) for name in golden.NAMES}
    assert len(golden.golden("fifty").issue.stories) == 50
