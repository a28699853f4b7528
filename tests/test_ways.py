"""The ways on from a letter: what it offers beyond its stories, where that leads, and how it is switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import golden_letters as golden
import pytest
from command import here, make_workspace
from hypothesis import given
from hypothesis import strategies as st
from settings_text import with_settings

from newsletter import issues
from newsletter.errors import SettingsError
from newsletter.letters.mime import LEAVE, slot
from newsletter.letters.render import render
from newsletter.letters.templates import environment
from newsletter.letters.ways import SHARES, STARTS, ShareLinks, Ways
from newsletter.models import Letter
from newsletter.text import bidi
from newsletter.web import archive
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import letter as letters
from newsletter.workspace.config import load

PAGE = "https://news.example.org/letters/12"


@given(st.text(max_size=80).map(lambda text: "".join(sign for sign in text if sign.isprintable())))
def test_share_links_carry_the_words_and_the_page_whole(words: str) -> None:
    links = ShareLinks(PAGE, words)
    for address, wanted in (
        (links.whatsapp, {"text": [f"{words}\n{PAGE}"]}),
        (links.telegram, {"url": [PAGE]}),
        (links.x, {"url": [PAGE]}),
        (links.facebook, {"u": [PAGE]}),
        (links.mail, {"subject": [words], "body": [PAGE]}),
    ):
        assert address.isascii()
        assert not re.search(r"""[\s"'<>\\]""", address)
        found = parse_qs(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
        assert found == wanted
    assert links.copy == PAGE


def test_only_what_is_wanted_has_an_address() -> None:
    links = ShareLinks(PAGE, "أسبوع", ("telegram", "copy"))
    assert [name for name in SHARES if getattr(links, name)] == ["telegram", "copy"]


def hrefs(html: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'<a\b[^>]*? href="([^"]*)"', html)]


def rendered(ways: Ways, **changes: object) -> tuple[str, str]:
    one = golden.golden("week")
    made = render(
        replace(one.issue, **changes),  # type: ignore[arg-type]
        one.publication,
        environment(),
        **{**golden.arguments(one), "ways": ways},
    )
    return made.html, made.text


def test_a_letter_without_ways_offers_none() -> None:
    html, text = rendered(Ways())
    for form in (html, text):
        for words in ("أعجبك العدد", "من صديق", "أعداد سابقة", "أجب عن هذه الرسالة", "تجريبية"):
            assert words not in form
    assert not [url for url in hrefs(html) if url.startswith((*STARTS, "mailto:?"))]


@pytest.mark.parametrize("template", golden.THEMES)
def test_every_theme_has_every_way_in_both_forms(template: str) -> None:
    html, text = rendered(golden.WAYS["ar"], template=template)
    found = hrefs(html)
    for start in (*STARTS, "mailto:?subject=", "mailto:desk@example.org?subject="):
        assert len([url for url in found if url.startswith(start)]) == 1, start
    # Whoever has the letter from a friend finds the way at its top and at its foot.
    for url, times in (
        ("https://news.example.org/", 2),
        ("https://news.example.org/archive", 1),
        ("https://news.example.org/letters/11", 1),
    ):
        assert found.count(url) == times
        assert re.search(rf"^{re.escape(url)}$", text, re.MULTILINE)
    assert found.count(golden.VIEW_URL) == 3  # the link to copy, and the letter in the browser at its top and foot
    for words in ("أعجبك العدد؟ أرسله إلى صديق", "وصلتك هذه الرسالة من صديق؟", "أعداد سابقة", "أجب عن هذه الرسالة"):
        assert words in html
        assert words in text


def test_nobodys_token_is_shared() -> None:
    """What a friend gets must not take the reader off the list, or open their preferences."""
    html, _ = rendered(golden.WAYS["ar"])
    for url in hrefs(html):
        if url.startswith((*STARTS, "mailto:?")):
            assert golden.MARKER not in url
            assert "leave" not in url


def test_a_page_whose_address_is_not_known_yet_is_shared_by_its_slot() -> None:
    slotted = f"https://news.example.org/{slot(golden.MARKER, 'view')}"
    one = golden.golden("week")
    for view in (slotted, ""):
        made = render(
            one.issue,
            one.publication,
            environment(),
            **{**golden.arguments(one), "view_url": view, "ways": Ways(page=slotted)},
        )
        assert made.html.count(slotted) == (8 if view else 6)  # six ways to share it, two to open it
        assert slot(golden.MARKER, LEAVE) in made.html


@pytest.mark.parametrize("base", ["https://موقع.example", "https://news.example.org/رسائل", "https://a.example/x+y&z"])
def test_a_page_that_links_to_share_write_otherwise_makes_a_letter(base: str) -> None:
    slotted = f"{base}/{slot(golden.MARKER, 'view')}"
    one = golden.golden("week")
    made = render(
        one.issue,
        one.publication,
        environment(),
        **{**golden.arguments(one), "view_url": slotted, "ways": Ways(page=slotted)},
    )
    assert unescape(made.html).count(slot(golden.MARKER, "view")) == 8


# ---- what the settings and the list say


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("made") / "w", readers=1)


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(made, tmp_path / "w"))


def edited(root: Path, more: str, *, cut: str = "") -> None:
    path = root / "newsletter.toml"
    text = path.read_text("utf-8")
    assert cut in text
    path.write_text(with_settings(text.replace(cut, "") if cut else text, f"[ways]\n{more}"), "utf-8")


def letter(workspace: Workspace) -> Letter:
    return letters.of_issue(workspace, issues.every(workspace.root)[-1])


def ours(root: Path) -> Iterator[str]:
    with open_workspace(root, {}) as workspace:
        yield from hrefs(letter(workspace).rendered.html)


def test_an_issue_that_was_scheduled_and_paused_is_named_to_nobody(root: Path) -> None:
    assert here("-C", root, "send", "first", "--at", "2099-01-01 10:00", "--yes").code == 0
    assert here("-C", root, "sends", "pause", "1").code == 0
    with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
        assert archive.sent(connection, ["readers"], limit=5) == []


def test_letters_name_those_that_went_before_as_far_as_everybody_may_read_them(root: Path) -> None:
    assert here("-C", root, "send", "first", "--yes").code == 0
    second = root / "issues" / "second" / "issue.md"
    second.parent.mkdir()
    text = (root / "issues" / "first" / "issue.md").read_text("utf-8")
    second.write_text(text.replace("number = 1", "number = 2"), "utf-8")
    found = list(ours(root))
    assert "https://news.example.org/letters/1" in found
    assert "https://news.example.org/archive" in found
    assert found.count("https://news.example.org/letters/2") == 3
    edited(root, "previous = 0\narchive = false")
    assert not {"https://news.example.org/letters/1", "https://news.example.org/archive"} & set(ours(root))


def test_a_private_letter_shares_nothing_and_names_no_other(root: Path) -> None:
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        from subscribers import store

        store.add_list(connection, "press", "للصحفيين", now=workspace.now())
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), '[web]\nlists = ["press"]\n'), "utf-8")
    found = list(ours(root))
    assert not [url for url in found if url.startswith((*STARTS, "mailto:?"))]
    assert "https://news.example.org/archive" not in found
    assert "https://news.example.org/" in found
    assert len([url for url in found if "/view/" in url]) == 2  # at its top and at its foot


def test_everything_can_be_switched_off(root: Path) -> None:
    edited(root, "share = false\nsubscribe = false\nprevious = 0\narchive = false\nreply = false\nview = false")
    found = [url for url in ours(root) if url.startswith(("https://news.example.org", *STARTS, "mailto:"))]
    assert [urlsplit(url).path.split("/")[1] for url in found] == ["preferences", "leave"]
    done = here("-C", root, "check")
    assert done.code == 0, done
    assert "view-missing" not in done.out


def test_without_pages_one_subscribes_by_mail(root: Path) -> None:
    path = root / "newsletter.toml"
    path.write_text(path.read_text("utf-8").replace('url = "https://news.example.org"', ""), "utf-8")
    found = list(ours(root))
    assert any(re.fullmatch(r"mailto:[^?]+\?subject=subscribe%20readers", url) for url in found)
    assert not [url for url in found if url.startswith(STARTS)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", list(SHARES)),
        ("false", []),
        ('["x", "copy"]', ["x", "copy"]),
        ('"mail, whatsapp"', ["mail", "whatsapp"]),
    ],
)
def test_what_share_may_be(root: Path, value: str, expected: list[str]) -> None:
    edited(root, f"share = {value}")
    assert load(root, {}).ways.share == expected
    assert load(root, {"NASHRA_WAYS__SHARE": "false"}).ways.share == []


def test_an_unknown_way_is_told(root: Path) -> None:
    edited(root, 'share = ["signal"]')
    with pytest.raises(SettingsError, match=r"newsletter.toml:\d+: share: found 'signal', but"):
        load(root, {})


# ---- own words of small letters


def small_words(root: Path, words: str) -> None:
    path = root / "newsletter.toml"
    path.write_text(f"{path.read_text('utf-8')}\n{words}\n", "utf-8")


def test_a_small_letter_says_the_newsrooms_own_words(root: Path) -> None:
    from newsletter.workflows import small_letters
    from subscribers import store

    small_words(
        root,
        '[letters.welcome]\nsubject = "أهلًا بك في {name}!"\nwords = """\nسعداء بك في {list}. '
        'اقرأ [قصتنا](https://example.org/about).\n\n- كل خميس\n"""',
    )
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            store.queue_letter(connection, "welcome", 1, 1, now=workspace.now())
        assert small_letters.of_workspace(workspace).drain().states == {"submitted": 1}
    import email
    import email.policy

    (path,) = (root / "outbox" / "new").iterdir()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert "أهلًا بك في" in str(message["Subject"])
    assert str(message["Subject"]).endswith("!")
    for kind in ("html", "plain"):
        part = message.get_body((kind,))
        body = part.get_content()  # type: ignore[union-attr]
        assert "سعداء بك في «" in body
        assert "https://example.org/about" in body
        assert "{list}" not in body
        assert "اشتراكك مؤكد" not in body
        assert re.search(r"https://news\.example\.org/leave/[\w-]{52}", body)
        assert re.search(r"https://news\.example\.org/preferences/[\w-]{52}", body)


def test_words_with_a_link_that_leads_nowhere_are_refused_at_once(root: Path) -> None:
    small_words(root, '[letters.goodbye]\nwords = "شكرًا [هنا](http://example.org)"')
    with pytest.raises(SettingsError, match=r"letters\.goodbye.*is not encrypted .*https://|words: .*is not encrypted"):
        load(root, {})


@pytest.mark.parametrize("key", ["subject", "words"])
def test_a_name_that_stands_for_nothing_is_refused(root: Path, key: str) -> None:
    small_words(root, f'[letters.welcome]\n{key} = "أهلًا بك في {{lsit}} [هنا](https://example.org){{.button}}"')
    with pytest.raises(SettingsError, match=r"\{lsit\} stands for nothing; \{list\}"):
        load(root, {})


def test_the_title_of_a_list_is_no_markdown_in_own_words() -> None:
    title = "قصص *أولى* [هنا](/x) #1"
    made = golden.small("welcome", "ar", environment(), own=("", "أهلًا في {list}."), title=title).rendered
    assert title in bidi.strip(made.text)
    assert title in bidi.strip(unescape(re.sub("<[^>]+>", "", made.html)))


def test_an_unknown_small_letter_is_told(root: Path) -> None:
    small_words(root, '[letters.wellcome]\nwords = "شكرًا"')
    with pytest.raises(SettingsError, match="wellcome"):
        load(root, {})


@pytest.mark.parametrize("kind", ["confirmation", "preferences", "new-address", "erasure"])
def test_a_small_letter_without_what_it_is_for_is_refused(kind: str, tmp_path: Path) -> None:
    from newsletter.errors import RenderError

    folder = tmp_path / "email"
    folder.mkdir()
    for end in ("mjml.j2", "txt.j2"):
        (folder / f"{kind}.{end}").write_text(
            f'{{% extends "shipped/email/{kind}.{end}" %}}{{% block href %}}https://example.org{{% endblock %}}',
            "utf-8",
        )
    with pytest.raises(RenderError, match=r"lacks what it is for: \w+_url"):
        golden.small(kind, "ar", environment(tmp_path))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("شكرًا ![صورة](https://example.org/a.png)", "a small letter shows no pictures; leave out 'https://example"),
        ("شكرًا ![صورة](a.png)", "a small letter shows no pictures; leave out 'a.png'"),
        ("::: contents\n:::", "no word in it that a small letter could show"),
    ],
)
def test_own_words_that_a_small_letter_cannot_show_are_told(root: Path, words: str, told: str) -> None:
    small_words(root, f'[letters.goodbye]\nwords = """\n{words}\n"""')
    with pytest.raises(SettingsError, match=re.escape(told)):
        load(root, {})


def test_elements_in_own_words_speak_the_language_of_the_letter() -> None:
    words = (
        "::: event لقاء القراء\n2026-12-05 18:30\nالجزائر\n:::\n\n::: sponsor شركة المثال\nكلمة.\n:::\n\n"
        "أولى[^أ] وثانية[^ب].\n\n[^أ]: حاشية أولى.\n\n[^ب]: حاشية ثانية."
    )
    made = golden.small("welcome", "ar", environment(), own=("", words)).rendered
    for form in (made.html, made.text):
        assert "ديسمبر" in form
        assert "2026-12-05" not in form
        assert "Advertisement" not in form
        assert "advertisement" not in form
    identifiers = re.findall(r'\bid="([^"]+)"', made.html)
    assert len(identifiers) == len(set(identifiers))
    assert re.findall(r"(?m)^\[(\d)\] حاشية", re.sub("[\u2066-\u2069\u200e\u200f]", "", made.text)) == ["1", "2"]
