"""The first minute: from the command alone to a workspace, question by question."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Done, complains, here, make_workspace

from newsletter import wiring
from newsletter.cli.output import near, shown_path
from newsletter.errors import IssueError
from newsletter.models import Issue, Section, Story
from newsletter.sources.http import Fetched, FetchError
from newsletter.workflows import beginning, first, next_step
from newsletter.workflows import create as creating
from newsletter.workflows.front_page import FoundSite, site_of
from newsletter.workflows.next_step import ListWaiting, WorkspaceWaiting

SITE = "https://almawja.example.org"
FRONT = """<!doctype html><html lang="ar-DZ"><head><title>الموجة | الرئيسية</title>
<link rel="alternate" type="application/rss+xml" href="/feed/">
<meta name="theme-color" content="#fafafa">
<style>:root{--wp--preset--color--white: #ffffff;--wp--preset--color--primary: #0B6;
--wp--preset--color--secondary:#b4531f}</style></head>
<body><header class="site-logo"><a href="/"><img src="/logo.svg"><img src="/logo.png" alt=""></a></header></body>
</html>"""
STATED = '<script type="application/ld+json">'
LINK = {"link": f'<{SITE}/wp-json/>; rel="https://api.w.org/"'}


class FakeSite:
    """A site of which a fetcher brings the front page, and what its interface says."""

    def __init__(self, page: str = FRONT, interface: str = "", trouble: FetchError | None = None) -> None:
        self.page, self.interface, self.trouble = page, interface, trouble
        self.asked: list[str] = []

    def get(self, url: str, kind: str = "any", **_: Any) -> Fetched:
        self.asked.append(url)
        if self.trouble is not None:
            raise self.trouble
        if "/wp-json" in url:
            return Fetched(url, self.interface.encode(), "application/json", "utf-8", 200 if self.interface else 404)
        headers = LINK if self.interface else {}
        return Fetched(f"{SITE}/", self.page.encode(), "text/html", "utf-8", 200, headers)

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> FakeSite:
    fake = FakeSite(interface='{"name": "الموجة", "timezone_string": "Africa/Algiers"}')
    monkeypatch.setattr(wiring, "site_fetcher", lambda _: fake)
    return fake


def settings(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "newsletter.toml").read_text("utf-8"))


# ---- what a front page says


def fetched(page: str, **headers: str) -> Fetched:
    return Fetched(f"{SITE}/", page.encode(), "text/html", "utf-8", 200, headers)


def test_a_front_page_tells_what_a_workspace_can_take() -> None:
    assert site_of(fetched(FRONT)) == FoundSite(
        f"{SITE}/",
        "الموجة",
        "ar",
        is_wordpress=False,
        feed=f"{SITE}/feed/",
        logo=f"{SITE}/logo.png",
        accent="#00bb66",
        second="#b4531f",
    )


@pytest.mark.parametrize(
    ("head", "accent"),
    [
        ('<meta name="theme-color" content="#0F766E">', "#0f766e"),
        ('<meta name="theme-color" content="#000000">', ""),
        ('<meta name="theme-color" content="#ffe0e0">', ""),
        ('<meta name="theme-color" content="rgb(1,2,3)">', ""),
        ("<style>a{--main-color:#c00}</style>", "#cc0000"),
        ("<style>a{--secondary:#cc0000}</style>", ""),
    ],
)
def test_what_is_no_colour_of_a_newsroom_is_passed_over(head: str, accent: str) -> None:
    found = site_of(fetched(f"<html><head>{head}</head></html>"))
    assert (found.accent, found.second) == (accent, "")


@pytest.mark.parametrize(
    ("body", "logo"),
    [
        ('<img class="custom-logo" src="/a.jpg">', f"{SITE}/a.jpg"),
        (
            '<div id="logo"><a><img src="https://cdn.example.net/l.png?x=1"></a></div>',
            "https://cdn.example.net/l.png?x=1",
        ),
        ('<img alt="الشعار" src="http://almawja.example.org/l.png">', ""),
        ('<img class="logo" src="data:image/png;base64,AAAA">', ""),
        (
            '<script type="application/ld+json">{"@graph":[{"publisher":{"logo":{"url":"/p.png"}}}]}</script>',
            f"{SITE}/p.png",
        ),
        ('<script type="application/ld+json">{"logo": 3</script>', ""),
        ('<img src="/photo.jpg">', ""),
    ],
)
def test_a_logo_is_one_that_mail_programs_show(body: str, logo: str) -> None:
    assert site_of(fetched(f"<html><body>{body}</body></html>")).logo == logo


@pytest.mark.parametrize(
    ("interface", "is_wordpress", "zone"),
    [
        ('{"timezone_string": "Africa/Algiers"}', True, "Africa/Algiers"),
        ('{"timezone_string": ""}', True, ""),
        ('{"timezone_string": "Nowhere/Land"}', True, ""),
        ("<html>no JSON</html>", False, ""),
        ("", False, ""),
    ],
)
def test_the_zone_is_what_an_open_interface_says(interface: str, is_wordpress: bool, zone: str) -> None:
    found = first.look_closely(FakeSite(interface=interface), f"{SITE}/")
    assert (found.is_wordpress, found.timezone) == (is_wordpress, zone)


# ---- what is offered, and what will do


def test_offers_are_what_the_site_says_else_what_is_sensible() -> None:
    found = FoundSite(f"{SITE}/", "الموجة", "fa", accent="#112233", second="#445566", timezone="Asia/Tehran")
    offered = beginning.offers(found, "Africa/Algiers")
    assert (offered.name, offered.language, offered.timezone) == ("الموجة", "fa", "Asia/Tehran")
    assert (offered.colours, offered.sender("الموجة")) == ("#112233 #445566", "الموجة <news@almawja.example.org>")
    bare = beginning.offers(FoundSite("http://192.0.2.7/", "x"), "Africa/Algiers")
    assert (bare.language, bare.timezone, bare.sender("")) == ("ar", "Africa/Algiers", "news@example.org")
    none = beginning.offers(None, "")
    assert (none.name, none.timezone, none.sender('"a" <b>')) == (first.NAME, "UTC", "a b <news@example.org>")


@pytest.mark.parametrize(
    ("check", "answer", "good"),
    [
        (beginning.site_address, " almawja.example.org ", "https://almawja.example.org/"),
        (beginning.site_or_none, " ", ""),
        (beginning.language, "AR", "ar"),
        (beginning.language, "pt-BR", "pt-BR"),
        (beginning.zone, "algiers", "Africa/Algiers"),
        (beginning.zone, "UTC", "UTC"),
        (beginning.logo, "-", ""),
        (beginning.colours, "#0F766E, #B4531F", "#0f766e #b4531f"),
        (beginning.colours, "-", ""),
        (beginning.sender, "الموجة <news@example.org>", "الموجة <news@example.org>"),
    ],
)
def test_an_answer_that_will_do(check: Callable[[str], str], answer: str, good: str) -> None:
    assert check(answer).rstrip("/") == good.rstrip("/")


@pytest.mark.parametrize(
    ("check", "answer", "told"),
    [
        (beginning.site_address, "الموجة", "as a browser shows it"),
        (beginning.site_address, "javascript:alert(1)", "as a browser shows it"),
        (beginning.name, "\x07", "a text is wanted|one line"),
        (beginning.language, "عربي", "a language such as"),
        (beginning.zone, "Africa/Algeirs", "did you mean Africa/Algiers"),
        (beginning.zone, "مكان", "a zone such as"),
        (beginning.logo, "logo.png", "an https address"),
        (beginning.colours, "red", "one or two colours"),
        (beginning.colours, "#111111 #222222 #333333", "one or two colours"),
        (beginning.sender, "الموجة", "Name <news@example.org>"),
    ],
)
def test_an_answer_that_will_not_do_is_told_in_one_line(check: Callable[[str], str], answer: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as wrong:
        check(answer)
    assert "\n" not in str(wrong.value)


def test_the_folder_that_is_offered(tmp_path: Path) -> None:
    assert beginning.folder_for(f"{SITE}/", tmp_path) == "."
    (tmp_path / "else").write_text("")
    assert beginning.folder_for(f"{SITE}/", tmp_path) == "almawja"
    assert beginning.folder_for(first.PLACE, tmp_path) == "newsletter"
    (tmp_path / "almawja").mkdir()
    assert beginning.folder_for("https://www.almawja.example.org/", tmp_path) == "almawja-2"
    with pytest.raises(ValueError, match="a file of that name"):
        beginning.folder("else/w", tmp_path)
    (tmp_path / "almawja" / "newsletter.toml").write_text("")
    with pytest.raises(ValueError, match="a workspace already"):
        beginning.folder("almawja", tmp_path)


# ---- the conversation


def test_enter_takes_all_that_was_found(tmp_path: Path, site: FakeSite) -> None:
    done = here("init", cwd=tmp_path, typed="almawja.example.org\n" + "\n" * 8)
    assert done.code == 0, done
    assert settings(tmp_path) == {
        "newsletter": {"name": "الموجة", "url": f"{SITE}/", "language": "ar", "timezone": "Africa/Algiers"},
        "letter": {"accent": "#00bb66", "logo": f"{SITE}/logo.png"},
        "theme": {"style": "signature", "second": "#b4531f"},
        "sender": {"kind": "outbox", "from": "الموجة <news@almawja.example.org>"},
        "collect": {"sources": [f"{SITE}/"]},
    }
    assert site.asked == ["https://almawja.example.org/", f"{SITE}/wp-json/?_fields=name,timezone_string"]
    for told in (
        "REST interface",
        "Made the newsletter",
        "secrets/keys.toml",
        "list 'readers'",
        "Next: newsletter col",
    ):
        assert told in done.err
    assert done.err.count("[") == done.err.count("]") == 9
    assert "0 readers" in here(cwd=tmp_path).err


def test_every_answer_is_checked_at_once(tmp_path: Path, site: FakeSite) -> None:
    answers = [
        *("الموجة", "almawja.example.org", "نشرة الموجة", "عربي", "ar", "Africa/Algeirs", "Africa/Tunis"),
        *("-", "red", "-", "nobody", "الموجة <w@almawja.example.org>", "قرّاء الموجة", "w"),
    ]
    done = here("init", cwd=tmp_path, typed="\n".join([*answers, ""]))
    assert done.code == 0, done
    for told in (
        "as a browser",
        "a language such as",
        "did you mean Africa/Algiers?",
        "one or two colours",
        "write it as: Name",
    ):
        assert done.err.count(told) == 1
    assert settings(tmp_path / "w") == {
        "newsletter": {"name": "نشرة الموجة", "url": f"{SITE}/", "language": "ar", "timezone": "Africa/Tunis"},
        "theme": {"style": "signature"},
        "sender": {"kind": "outbox", "from": "الموجة <w@almawja.example.org>"},
        "collect": {"sources": [f"{SITE}/"]},
    }
    assert "Next: cd w && newsletter collect" in done.err
    assert "قرّاء الموجة" in here("-C", tmp_path / "w", "lists").out


def test_a_site_that_cannot_be_reached_is_told_and_all_goes_on(tmp_path: Path, site: FakeSite) -> None:
    site.trouble = FetchError("nothing answers there", where=SITE)
    done = here("init", "w", cwd=tmp_path, typed="almawja.example.org\n" + "الموجة\n" + "\n" * 5)
    assert done.code == 0, done
    assert "It cannot be looked at now: nothing answers there" in done.err
    assert settings(tmp_path / "w")["newsletter"]["name"] == "الموجة"
    assert settings(tmp_path / "w")["collect"] == {"sources": ["https://almawja.example.org/"]}


def test_without_a_site(tmp_path: Path, site: FakeSite) -> None:
    done = here("init", "w", cwd=tmp_path, typed="\n" * 6)
    assert done.code == 0, done
    assert site.asked == []
    assert "collect" not in settings(tmp_path / "w")
    assert settings(tmp_path / "w")["newsletter"]["url"] == first.PLACE
    assert "newsletter collect FILE" in done.err


@pytest.mark.parametrize("answers", [0, 1, 4, 8])
def test_whoever_leaves_in_the_middle_leaves_nothing(tmp_path: Path, site: FakeSite, answers: int) -> None:
    """A terminal that is closed ends a question as Ctrl-C does."""
    done = here("init", cwd=tmp_path, typed="\n".join(["almawja.example.org"] * min(answers, 1) + [""] * answers))
    assert (done.code, list(tmp_path.iterdir())) == (1, [])
    assert done.err.endswith("Nothing was made.\n")


def test_ctrl_c_while_the_site_is_asked_leaves_nothing(tmp_path: Path, site: FakeSite, monkeypatch: Any) -> None:
    def interrupted(*_: object) -> FoundSite:
        raise KeyboardInterrupt

    monkeypatch.setattr(first, "look_closely", interrupted)
    done = here("init", cwd=tmp_path, typed="almawja.example.org\n")
    assert (done.code, list(tmp_path.iterdir())) == (1, [])
    assert "Nothing was made." in done.err


@pytest.mark.parametrize("there", [False, True])
def test_ctrl_c_while_it_is_made_leaves_the_folder_as_it_was(
    tmp_path: Path, site: FakeSite, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(creating, "first_list", interrupted)
    if there:
        (tmp_path / "a" / "w").mkdir(parents=True)
        (tmp_path / "a" / "w" / "notes.txt").write_text("لنا")
    before = sorted(tmp_path.rglob("*"))
    done = here("init", "a/w", cwd=tmp_path, typed="\n" * 6)
    assert (done.code, sorted(tmp_path.rglob("*"))) == (1, before)


def test_what_was_said_is_not_asked(tmp_path: Path, site: FakeSite) -> None:
    said = ("--url", "almawja.example.org", "--from", "n@almawja.example.org", "--timezone", "Africa/Tunis")
    done = here("init", "w", *said, "--language", "fr", cwd=tmp_path, typed="\n\n-\n\n")
    assert done.code == 0, done
    assert done.err.count("[") == 4
    assert settings(tmp_path / "w")["newsletter"]["language"] == "fr"
    complains(here("init", "v", "--timezone", "Algeirs", typed="", cwd=tmp_path), "--timezone: ", code=2, lines=4)
    complains(here("init", "w", typed="", cwd=tmp_path), "a workspace already")


# ---- without a question


def test_yes_takes_all_found(tmp_path: Path, site: FakeSite) -> None:
    done = here("init", "--url", "almawja.example.org", "--yes", cwd=tmp_path)
    assert done.code == 0, done
    assert settings(tmp_path)["newsletter"]["timezone"] == "Africa/Algiers"
    assert settings(tmp_path)["letter"]["logo"] == f"{SITE}/logo.png"
    site.trouble = FetchError("nothing answers there")
    complains(here("init", "w", "--url", SITE, "--yes", cwd=tmp_path), "add --name", code=2, lines=7)
    assert here("init", "w", "--url", SITE, "--name", "x", "--yes", cwd=tmp_path).code == 0


def test_with_everything_said_nobody_is_asked_and_no_site(tmp_path: Path, site: FakeSite) -> None:
    done = here("init", "w", "--name", "الموجة", "--url", SITE, "--timezone", "UTC", cwd=tmp_path, typed="")
    assert (done.code, site.asked) == (0, [])


def test_nobody_to_ask_is_wrong_usage(tmp_path: Path, site: FakeSite) -> None:
    done = here("init", "--name", "x", cwd=tmp_path)
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert "add DIR, --url, or --yes" in done.err


# ---- the command alone


def test_alone_without_a_terminal_it_says_how_to_begin(tmp_path: Path, site: FakeSite) -> None:
    done = here(cwd=tmp_path)
    assert (done.code, done.out, list(tmp_path.iterdir())) == (2, "", [])
    for told in ("Nashra makes the letter", str(tmp_path), "newsletter init", "newsletter desk", "newsletter --help"):
        assert told in done.err
    complains(here("-C", tmp_path / "nowhere"), "no such folder")


def test_alone_on_a_terminal_it_begins(tmp_path: Path, site: FakeSite) -> None:
    assert here(cwd=tmp_path, typed="n\n").code == 0
    assert here(cwd=tmp_path, typed="لا\n").code == 0
    assert list(tmp_path.iterdir()) == []
    done = here(cwd=tmp_path, typed="\nalmawja.example.org\n" + "\n" * 8)
    assert done.code == 0, done
    assert settings(tmp_path)["newsletter"]["name"] == "الموجة"


def test_alone_in_a_workspace_it_says_what_waits(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=2)
    done = here(cwd=root / "issues")
    assert (done.code, done.out) == (0, "")
    for told in (
        "2 readers of the list 'readers'",
        "Issue 1 of 'readers' is a draft with 1 story",
        "Next: newsletter edit",
    ):
        assert told in done.err
    assert done.err.endswith("Every command: newsletter --help\n")


def test_after_the_first_issue_it_names_its_report(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=1)
    assert here("-C", root, "send", "--yes").code == 0
    assert "Issue 1 of 'readers' was the last; how it went: newsletter report 1" in here(cwd=root).err


DRAFT = Issue(3, "عدد", sections=(Section("", (Story("قصة", ""),)),))


@pytest.mark.parametrize(
    ("about", "steps"),
    [
        (WorkspaceWaiting((ListWaiting("readers", 0),), False, True), ["newsletter collect"]),
        (WorkspaceWaiting((ListWaiting("readers", 0),), False, False, SITE), [f"newsletter collect {SITE}"]),
        (WorkspaceWaiting((ListWaiting("readers", 0),), False, False), ["newsletter collect FILE"]),
        (WorkspaceWaiting((ListWaiting("readers", 0),), True, True), ["newsletter collect", "newsletter compose"]),
        (
            WorkspaceWaiting((ListWaiting("readers", 0, DRAFT),), True, True),
            ["newsletter edit", "newsletter open", "newsletter subscribers add ADDRESS"],
        ),
        (
            WorkspaceWaiting((ListWaiting("sport", 5, DRAFT),), True, True),
            ["newsletter edit", "newsletter open", "newsletter check", "newsletter send"],
        ),
        (
            WorkspaceWaiting((ListWaiting("a", 5, DRAFT), ListWaiting("b", 5, DRAFT)), True, True),
            ["newsletter edit 3", "newsletter open 3", "newsletter check 3", "newsletter send 3"],
        ),
        (WorkspaceWaiting((), True, True, broken=str(IssueError("x"))), ["newsletter edit", "newsletter check"]),
    ],
)
def test_the_next_step(about: WorkspaceWaiting, steps: list[str]) -> None:
    assert next_step.next_steps(about) == steps


def _same(one: Done, other: Done) -> bool:
    return (one.code, one.err) == (other.code, other.err)


def test_help_stays_where_it_was(tmp_path: Path) -> None:
    assert here("--help", cwd=tmp_path).out.startswith("Usage: newsletter ")
    assert _same(here("-h", cwd=tmp_path), here("--help", cwd=tmp_path))


# ---- paths in what is said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{here}/issues/1/issue.md:3: x", "issues/1/issue.md:3: x"),
        ("'{here}/a b', {here}/c", "'a b', c"),
        ("copied to \u2068{here}/مجلد\u2069.", "copied to \u2068مجلد\u2069."),
        ("in {here}: nothing", "in {here}: nothing"),
        ("{here}2/x and {here}/", "{here}2/x and {here}/"),
        ("file://{here}/x sqlite:///{here}/y", "file://{here}/x sqlite:///{here}/y"),
        ("/mnt{here}/x", "/mnt{here}/x"),
        ("*/5 * * * * newsletter -C {here}/w schedule --run", "*/5 * * * * newsletter -C {here}/w schedule --run"),
        ("newsletter -C '{here}/w w' status", "newsletter -C '{here}/w w' status"),
    ],
)
def test_paths_below_where_somebody_stands_are_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert near(text.format(here=tmp_path)) == told.format(here=tmp_path)
    assert shown_path(tmp_path / "a" / ".." / "b") == shown_path("./b") == "b"
    assert shown_path(tmp_path) == shown_path(".") == str(tmp_path)
    monkeypatch.chdir("/")
    assert near(f"{tmp_path}/x") == f"{tmp_path}/x"
    assert near("write [headline](https://example.org)") == "write [headline](https://example.org)"


def test_errors_and_checks_name_paths_as_they_can_be_typed(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=0)
    path = root / "issues" / "first" / "issue.md"
    path.write_text(path.read_text("utf-8").replace("](", "]( ", 1).replace("subject = ", "subject = 3 # "), "utf-8")
    complains(here("check", cwd=root), "error: issues/first/issue.md:")
    complains(here("check", cwd=tmp_path / "w" / "issues"), "error: first/issue.md:")
    complains(here("-C", root, "check", cwd=tmp_path.parent), f"error: {tmp_path.name}/w/issues/first/issue.md:")
    complains(here("-C", root, "check", cwd=Path("/")), f"error: {path}:")
    told = here("compose", "--slug", "second", "--empty", "--json", cwd=root)
    assert told.code or str(root) in told.out


def plain(done: Done) -> str:
    """What was said, without the signs that order it for the eye."""
    return re.sub("[\u2066-\u2069]", "", done.err)


def test_it_speaks_arabic(tmp_path: Path, site: FakeSite) -> None:
    alone = here("--lang", "ar", cwd=tmp_path)
    assert (alone.code, "ابدأ نشرة" in alone.err, "لا نشرة بعد" in alone.err) == (2, True, True)
    assert here("--lang", "ar", cwd=tmp_path, typed="لا\n").err.count("أنبدأ الآن؟") == 1
    done = here("--lang", "ar", "init", "w", cwd=tmp_path, typed="خطأ\nalmawja.example.org\n" + "\n" * 7)
    assert done.code == 0, done
    for told in ("اكتبه كما يظهر في المتصفح", "اسم النشرة", "واجهة REST", "أُنشئت النشرة", "22 سطرًا", "التالي:"):
        assert told in plain(done), done.err
    assert not re.search(r"\b(the|what|wanted|letters|Name|Made|Next)\b", done.err), done.err
    waits = plain(here("--lang", "ar", cwd=tmp_path / "w"))
    assert "لا قراء في القائمة «readers»" in waits
    assert "كل الأوامر" in waits
