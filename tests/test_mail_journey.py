"""What a reader does with a newsroom that has no server: asked, in with one answer, out with one message, and back."""

from __future__ import annotations

import email
import email.policy
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from command import TEXT, Done, complains, here
from conftest import MakeDatabase
from settings_text import with_settings
from test_postgresql import on

from newsletter.wiring import open_workspace
from subscribers import actions, store
from subscribers.addresses import normalise

pytestmark = pytest.mark.slow

OWN = "news@almawja.example.org"
SALMA, NABIL, GONE = "salma@example.net", "nabil@example.net", "gone@example.net"
SITE = "https://almawja.example.org"


def ok(done: Done) -> Done:
    assert done.code == 0, done
    return done


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@dataclass
class Newsroom:
    """A workspace without ``[web] url``, and the Maildir that its answers come to."""

    root: Path
    maildir: Path
    counter: Iterator[int] = field(default_factory=itertools.count)

    def run(self, *arguments: str | Path) -> Done:
        return here("-C", self.root, *arguments)

    def inbox(self, *more: str) -> str:
        return ok(self.run("subscribers", "inbox", self.maildir, *more)).err

    def status(self, address: str = SALMA) -> str | None:
        with open_workspace(self.root, {}) as workspace, workspace.database.read() as connection:
            person = store.find(connection, normalise(address))
            found = None if person is None else store.subscription_of(connection, person.id, 1)
        return None if found is None else found.status

    def suppressed(self) -> dict[str, int]:
        with open_workspace(self.root, {}) as workspace, workspace.database.read() as connection:
            return dict(store.suppressions(connection))

    def letters(self, address: str = SALMA) -> list[EmailMessage]:
        """What an address got, oldest first."""
        folder = self.root / "outbox" / "new"
        paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns) if folder.is_dir() else []
        found = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
        return [one for one in found if one["To"] == address and isinstance(one, EmailMessage)]

    def give_back(self) -> None:
        """Let the leases of small letters run out."""
        with open_workspace(self.root, {}) as workspace, workspace.database.write() as connection:
            connection.exec_driver_sql("UPDATE small_letter SET lease_until = 0")

    def put(self, message: EmailMessage, *, path: str = SALMA) -> None:
        """Let a message arrive as a mail server delivers it."""
        raw = f"Return-Path: <{path}>\n".encode() + message.as_bytes()
        (self.maildir / "new" / f"{1795503600 + next(self.counter)}.M1.mail").write_bytes(raw)

    def write(self, sender: str, subject: str, text: str = "", **headers: str) -> EmailMessage:
        """A message to the newsroom."""
        with open_workspace(self.root, {}) as workspace:
            now = workspace.now()
        message = EmailMessage()
        message["From"] = f"سلمى <{sender}>"
        message["To"] = OWN
        message["Subject"] = subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = make_msgid(domain="example.net")
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        return message

    def answer(self, letter: EmailMessage, text: str, *, quoted: bool = True, **headers: str) -> EmailMessage:
        """An answer to a letter as mail programs make it: Re:, the letter's name, and its text quoted below."""
        quote = "".join(f"> {line}\n" for line in body(letter, "plain").splitlines()) if quoted else ""
        named = {"In_Reply_To": letter["Message-ID"], "References": letter["Message-ID"]}
        whole = f"{text}\n\nفي ٢٤ نوفمبر كتب الموجة <{OWN}>:\n{quote}"
        return self.write(letter["To"], f"Re: {letter['Subject']}", whole if quoted else text, **named, **headers)

    def press(self, address: str, sender: str = SALMA) -> EmailMessage:
        """The message that a mail program opens for a ``mailto:`` address (RFC 6068), sent as it is."""
        parts = urlsplit(address)
        assert (parts.scheme, unquote(parts.path)) == ("mailto", OWN)
        (subject,) = parse_qs(parts.query)["subject"]
        return self.write(sender, subject)


def mailto(letter: EmailMessage, act: str) -> str:
    """The one address of this kind in the HTML, which stands in the text too."""
    (found,) = set(re.findall(rf'href="(mailto:[^"]*subject={act}[^"]*)"', body(letter, "html")))
    assert found in body(letter, "plain")
    return str(found)


def holds_together(letter: EmailMessage) -> None:
    """No link leads to pages that are not there; leaving is a mailto address and no one-click POST (RFC 8058)."""
    assert re.fullmatch(rf"<mailto:{OWN}\?subject=unsubscribe%20[\w-]{{52}}>", letter["List-Unsubscribe"])
    assert "List-Unsubscribe-Post" not in letter
    for text in (body(letter, "html"), body(letter, "plain")):
        assert not re.search(r"/(?:leave|confirm|preferences|archive)\b", text)
        assert "{" not in re.sub(r"(?s)<style.*?</style>", "", text)
        assert (
            not set(re.findall(r"https?://[^\s\"'<>)]+", text))
            - {SITE, f"{SITE}/"}
            - set(re.findall(r"http://www\.w3\.org[^\s\"'<>)]*|https?://schemas[^\s\"'<>)]*", text))
        )
    assert 'href=""' not in body(letter, "html")


@pytest.fixture(params=["sqlite", "postgresql"])
def newsroom(request: pytest.FixtureRequest, tmp_path: Path, database_urls: MakeDatabase) -> Newsroom:
    root = tmp_path / "w"
    ok(here("init", root, "--name", "الموجة", "--url", SITE, "--from", f"الموجة <{OWN}>"))
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace("[sender]\n", "[sender]\nfsync = false\n"), "utf-8")
    if request.param == "postgresql":
        on(root, database_urls("postgresql"))
        ok(here("-C", root, "database", "upgrade"))
    for name in ("cur", "new", "tmp"):
        (tmp_path / "mail" / name).mkdir(parents=True)
    return Newsroom(root, tmp_path / "mail")


def test_in_with_one_answer_out_with_one_message_and_back(newsroom: Newsroom, tmp_path: Path) -> None:
    done = ok(newsroom.run("subscribers", "add", SALMA, GONE, "--ask", "--consent", "بطاقة في معرض الكتاب"))
    assert "2 people asked for 'readers'." in done.err
    assert "Small letters: 2 submitted." in done.err
    assert newsroom.status() == "pending"
    (confirmation,) = newsroom.letters()
    assert confirmation["Subject"] == "أكّد اشتراكك في «الموجة»"
    assert confirmation["Reply-To"] is None
    assert confirmation["Auto-Submitted"] == "auto-generated"
    assert "«نعم»" in body(confirmation, "plain")
    holds_together(confirmation)

    # A machine answers for her, and the other letter comes back: neither subscribes anybody.
    newsroom.put(newsroom.answer(confirmation, "أنا في إجازة حتى الأحد.", Auto_Submitted="auto-replied"))
    newsroom.put(newsroom.answer(confirmation, "أنا في إجازة حتى الأحد.", quoted=False))
    newsroom.put(bounce(newsroom.letters(GONE)[0]), path="")
    told = newsroom.inbox("--dry-run")
    assert "3 new messages: 1 came back, 1 from machines, 1 for people (nothing was written)." in told
    assert "Small letters" not in told
    told = newsroom.inbox()
    assert "3 new messages: 1 came back, 1 from machines, 1 for people." in told
    assert (newsroom.status(), newsroom.status(GONE)) == ("pending", "pending")
    assert newsroom.suppressed() == {"hard": 1}

    newsroom.put(newsroom.answer(confirmation, "نعم"))
    told = newsroom.inbox()
    assert "1 new message: 1 confirmed." in told
    assert "Small letters: 1 submitted." in told
    assert (newsroom.status(), newsroom.status(GONE)) == ("confirmed", "pending")
    _, welcome = newsroom.letters()
    assert welcome["Subject"] == "أهلًا بك في «الموجة»"
    holds_together(welcome)
    mailto(welcome, "unsubscribe")

    (tmp_path / "article.txt").write_text(TEXT, "utf-8")
    ok(newsroom.run("weekly", tmp_path / "article.txt", "--yes"))
    *_, issue = newsroom.letters()
    assert "Auto-Submitted" not in issue
    holds_together(issue)
    assert len(newsroom.letters(GONE)) == 1

    newsroom.put(newsroom.answer(issue, "في إجازة", X_Autoreply="yes"))
    newsroom.put(newsroom.press(mailto(issue, "unsubscribe")))
    assert "2 new messages: 1 left, 1 from machines." in newsroom.inbox()
    assert newsroom.status() == "left"
    *_, goodbye = newsroom.letters()
    assert goodbye["Subject"] == "أُلغي اشتراكك في «الموجة»"
    holds_together(goodbye)
    assert len(newsroom.letters()) == 4

    # Who left comes back only by asking themselves: on the same day too, since they answered the letter of that day.
    complains(newsroom.run("subscribers", "add", SALMA, "--ask"), "only they can come back", "--restore")
    complains(newsroom.run("subscribers", "add", NABIL, GONE, "--ask"), "must not be mailed", "unsuppress")
    assert newsroom.status(NABIL) is None
    newsroom.put(newsroom.press(mailto(goodbye, "subscribe")))
    assert "1 new message: 1 asked to subscribe." in newsroom.inbox()
    assert newsroom.status() == "pending"
    assert "0 new messages." in newsroom.inbox()
    assert len(newsroom.letters()) == 5
    # But one that is not answered is all that anybody gets in a day.
    newsroom.put(newsroom.write(SALMA, "اشتراك"))
    assert "1 new message: 1 not ours, too old or asked lately." in newsroom.inbox()
    assert len(newsroom.letters()) == 5
    newsroom.put(newsroom.answer(newsroom.letters()[-1], "نعم"))
    assert "1 confirmed" in newsroom.inbox()
    assert newsroom.status() == "confirmed"


def bounce(letter: EmailMessage, status: str = "5.1.1") -> EmailMessage:
    """The report of a mail server (RFC 3464) that the mailbox does not exist, with the letter's headers."""
    headers = "".join(f"{name}: {letter[name]}\n" for name in ("From", "To", "Message-ID"))
    raw = (
        f"From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: {OWN}\nSubject: Undelivered\n"
        f"Date: {letter['Date']}\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nSorry.\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; {letter['To']}\nAction: failed\n"
        f"Status: {status}\nDiagnostic-Code: smtp; 550 no such user\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{headers}\n--b--\n"
    )
    made = email.message_from_bytes(raw.encode("utf-8"), policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    return made


def test_who_writes_that_they_want_the_letter_is_asked_and_presses_the_button(newsroom: Newsroom) -> None:
    newsroom.put(newsroom.write(NABIL, "اشتراك"), path=NABIL)
    newsroom.put(newsroom.write("list@example.net", "subscribe", List_Id="<x.example.net>"))
    newsroom.put(newsroom.write("robot@example.net", "subscribe", Auto_Submitted="auto-generated"))
    newsroom.put(newsroom.write("null@example.net", "subscribe"), path="")
    told = newsroom.inbox()
    assert "4 new messages: 1 asked to subscribe, 3 from machines." in told
    assert "Small letters: 1 submitted." in told
    assert newsroom.status(NABIL) == "pending"
    (confirmation,) = newsroom.letters(NABIL)
    newsroom.put(newsroom.press(mailto(confirmation, "confirm"), NABIL), path=NABIL)
    assert "1 confirmed" in newsroom.inbox()
    assert newsroom.status(NABIL) == "confirmed"
    # Asking again changes nothing, and brings no letter.
    newsroom.put(newsroom.write(NABIL, "Subscribe readers"), path=NABIL)
    assert "1 told before" in newsroom.inbox()
    assert len(newsroom.letters(NABIL)) == 2


def test_an_answer_without_the_letter_below_it_counts_when_it_says_yes(newsroom: Newsroom) -> None:
    ok(newsroom.run("subscribers", "add", SALMA, "--ask"))
    (confirmation,) = newsroom.letters()
    forged = newsroom.answer(confirmation, "نعم", quoted=False)
    forged.replace_header("In-Reply-To", "<small-0123456789abcdef.1@almawja.example.org>")
    del forged["References"]
    newsroom.put(forged)
    assert "1 for people" in newsroom.inbox()
    assert newsroom.status() == "pending"
    newsroom.put(newsroom.answer(confirmation, "نَعَمْ.\n\nسلمى", quoted=False))
    assert "1 confirmed" in newsroom.inbox()


def test_a_refusal_confirms_nobody(newsroom: Newsroom) -> None:
    ok(newsroom.run("subscribers", "add", SALMA, "--ask"))
    (confirmation,) = newsroom.letters()
    for said in ("لا، شكرًا", "من أنتم؟", "Your ticket 4711 has been received."):
        newsroom.put(newsroom.answer(confirmation, said))
    below = newsroom.answer(confirmation, "")
    below.set_content(f"{below.get_content()}\nكلا، لا أريدها.\n")
    newsroom.put(below)
    assert "4 new messages: 4 for people." in newsroom.inbox()
    assert newsroom.status() == "pending"


def test_an_answer_in_html_alone(newsroom: Newsroom) -> None:
    ok(newsroom.run("subscribers", "add", SALMA, "--ask"))
    (confirmation,) = newsroom.letters()
    quoted = re.sub(r"(?s)^.*<body[^>]*>|</body>.*$", "", body(confirmation, "html"))
    message = newsroom.write(SALMA, f"Re: {confirmation['Subject']}")
    message.set_content(
        f'<div dir="rtl">نعم، شكرا</div><div class="gmail_quote">كتب:<blockquote>{quoted}</blockquote></div>',
        subtype="html",
    )
    newsroom.put(message)
    assert "1 confirmed" in newsroom.inbox()


def test_a_whole_hall_is_asked_whatever_the_form_may_send(newsroom: Newsroom) -> None:
    path = newsroom.root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), "[web]\nletters_an_hour = 20\n"), "utf-8")
    people = [f"r{number}@example.net" for number in range(30)]
    assert "30 people asked for 'readers'." in ok(newsroom.run("subscribers", "add", *people, "--ask")).err
    told = ok(newsroom.run("subscribers", "add", *people, "--ask")).err
    assert "0 people asked for 'readers', 30 asked lately and not again." in told
    newsroom.put(newsroom.write(SALMA, "اشتراك"))
    assert "1 asked to subscribe" in newsroom.inbox()


def test_letters_wait_for_whoever_sends_them(newsroom: Newsroom) -> None:
    blocked = newsroom.root / "outbox"
    blocked.write_text("in the way")
    done = newsroom.run("subscribers", "add", SALMA, "--ask")
    assert done.code == 0
    assert "1 waiting (send later with: newsletter subscribers letters)" in done.err
    assert SALMA not in done.err
    assert newsroom.run("subscribers", "letters").code == 75
    blocked.unlink()
    done = ok(newsroom.run("subscribers", "letters", "--dry-run", "--json"))
    assert json.loads(done.out) == {"submitted": 0, "refused": 0, "unknown": 0, "waiting": 1, "dry_run": True}
    assert newsroom.letters() == []
    newsroom.give_back()
    done = ok(newsroom.run("subscribers", "letters", "--json"))
    assert json.loads(done.out) == {"submitted": 1, "refused": 0, "unknown": 0, "waiting": 0, "dry_run": False}
    assert "Small letters: 1 submitted." in done.err
    assert len(newsroom.letters()) == 1
    assert "0 small letters waiting." in ok(newsroom.run("subscribers", "letters")).err


@pytest.mark.parametrize(
    "arguments",
    [("schedule", "--run"), ("latest", "--rhythm", "daily"), ("weekly", "{article}", "--yes"), ("send", "--yes")],
)
def test_every_command_that_sends_takes_small_letters_along(
    newsroom: Newsroom, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    article = tmp_path / "article.txt"
    article.write_text(TEXT, "utf-8")
    ok(newsroom.run("subscribers", "add", NABIL))
    if arguments[0] == "send":
        ok(newsroom.run("collect", article))
        ok(newsroom.run("compose"))
    with open_workspace(newsroom.root, {}) as workspace, workspace.database.write() as connection:
        actions.ask(
            connection, SALMA, "readers", now=workspace.now(), keys=workspace.keys.suppression, caps=workspace.caps
        )
    done = ok(newsroom.run(*(one.format(article=article) for one in arguments)))
    assert "Small letters: 1 submitted." in done.err
    assert len(newsroom.letters()) == 1


def test_where_there_are_pages_they_send_and_have_the_links(newsroom: Newsroom) -> None:
    path = newsroom.root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), '[web]\nurl = "https://news.example.org"\n'), "utf-8")
    ok(newsroom.run("subscribers", "add", SALMA, "--ask"))
    (confirmation,) = newsroom.letters()
    assert "https://news.example.org/confirm/" in body(confirmation, "html")
    assert confirmation["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "mailto:" not in body(confirmation, "html") + body(confirmation, "plain")
    # Whoever answers instead of pressing the button is in too.
    newsroom.put(newsroom.answer(confirmation, "نعم"))
    assert "1 confirmed" in newsroom.inbox()
