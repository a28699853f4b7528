"""Whatever an editor gets wrong, and whatever the machine does: one clear line, a code, no traceback, nothing lost."""

from __future__ import annotations

import contextlib
import email
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from command import TEXT, Done, command, complains, environment, here, make_workspace, there
from settings_text import with_settings

DATA = Path(__file__).parent / "data" / "journey"
TOML = "newsletter.toml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("made") / "w", settings="batch = 2\nlease = 1")


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A workspace with article 1, the draft ``first`` and three subscribers, for this test alone."""
    return Path(shutil.copytree(made, tmp_path / "w"))


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text("utf-8")), "utf-8")


def received(root: Path) -> Counter[str]:
    return Counter(
        email.message_from_bytes(path.read_bytes())["To"] for path in (root / "outbox" / "new").glob("*.eml")
    )


def count(folder: Path) -> int:
    return len(os.listdir(folder)) if folder.is_dir() else 0  # noqa: PTH208  the quickest way, in a waiting loop


def everybody(readers: int) -> Counter[str]:
    return Counter(f"reader{number}@example.net" for number in range(readers))


def dump(root: Path) -> list[str]:
    """All that the database holds."""
    with contextlib.closing(sqlite3.connect(root / "newsletter.db")) as connection:
        return list(connection.iterdump())


# Where is it?


def test_no_workspace(tmp_path: Path) -> None:
    complains(here("articles", cwd=tmp_path), str(tmp_path), f"no {TOML}", "newsletter init")
    complains(
        here("-C", tmp_path / "nowhere", "articles"), "nowhere", "there is no such folder", "check what follows -C"
    )
    (tmp_path / "file").touch()
    complains(here("-C", tmp_path / "file", "articles"), "file", "there is no such folder")


def test_a_workspace_is_found_from_a_folder_inside_it(root: Path) -> None:
    assert here("articles", cwd=root / "issues" / "first").out == here("-C", root, "articles").out != ""


def test_init(tmp_path: Path, root: Path) -> None:
    site = ("--name", "الموجة", "--url", "https://example.org")
    before = (root / TOML).read_bytes()
    complains(here("init", root, *site), TOML, "a workspace already")
    assert (root / TOML).read_bytes() == before
    (tmp_path / "file").touch()
    complains(here("init", tmp_path / "file", *site), "file", "cannot be written", "choose another folder")
    for option, value, wanted in (
        ("--name", "", "a text is wanted"),
        ("--name", "a\nb", "one line of text is wanted"),
        ("--url", "example.org", "https://example.org is wanted"),
        ("--url", "https://example.org:99999", "port out of range"),
        ("--url", "https://exa mple.org", "without spaces"),
        ("--from", "nobody", "an email address must have an @-sign"),
        ("--from", "a\nb <a@example.org>", "one line of text is wanted"),
        ("--web", "http://example.org", "https address"),
        ("--language", "arabic", "a language such as ar"),
        ("--timezone", "../../etc/passwd", "a zone such as Africa/Algiers"),
    ):
        done = here("init", tmp_path / "new", *site, "--from", "news@example.org", option, value)
        assert wanted.lower() in done.err.lower(), done
        complains(done, repr(value), f"error: {option}: ")
        assert not (tmp_path / "new").exists()
    done = here("init", tmp_path / "مجلد آخر", *site)
    assert (done.code, done.err.splitlines()[-1].split(",")[0]) == (0, f"Next: cd '{tmp_path / 'مجلد آخر'}'")


@pytest.mark.slow
@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]/", "https://intranet"])
def test_init_says_when_no_sender_can_be_made_of_the_site(tmp_path: Path, url: str) -> None:
    done = here("init", tmp_path / "new", "--name", "الموجة", "--url", url)
    complains(done, "error: --from: no address for letters", 'add --from "الموجة <news@example.org>"')
    assert not (tmp_path / "new").exists()
    done = here("init", tmp_path / "new", "--name", "الموجة", "--url", url, "--from", "الموجة <news@example.org>")
    assert done.code == 0, done
    # An address that is none at all is told as such, and nothing is said about the sender.
    complains(here("init", tmp_path / "other", "--name", "الموجة", "--url", "http://[::1"), "error: --url: ")
    complains(here("init", tmp_path / "other", "--name", "x", "--url", "example.org"), "error: --url: ")


def test_help_names_what_is_wanted_in_plain_words() -> None:
    told = here("--help").out.partition("  -h, --help")[2]
    assert "..." not in told
    panels = re.findall(r"(?m)^(\S.*):$", told)
    assert panels == ["Setting up", "The week", "Making an issue", "Subscribers", "Sending", "Reader pages"]
    assert "Usage: newsletter init [OPTIONS] [DIR]\n" in here("init", "--help").out
    assert "Usage: newsletter check [OPTIONS] [ISSUE]\n" in here("check", "--help").out
    collecting = here("collect", "--help").out
    assert "Usage: newsletter collect [OPTIONS] [PATH_OR_URL…]\n" in collecting
    assert "--most N " in collecting
    assert "<" not in collecting


def test_a_folder_name_that_could_be_part_of_an_address(tmp_path: Path) -> None:
    odd = tmp_path / "w?mode=ro&x=1#%20%s"
    done = here("init", odd, "--name", "الموجة", "--url", "https://example.org")
    assert done.code == 0, done
    assert sorted(path.name for path in odd.iterdir()) == [
        ".gitignore",
        "database.toml",
        "newsletter.db",
        TOML,
        "secrets",
    ]
    assert list(tmp_path.iterdir()) == [odd]


# What was given?


def test_files_that_give_no_article(root: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "noise.txt").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "page.xml").write_text("<!doctype html><html><body><p>نص</p></body></html>", "utf-8")
    for name, what in (
        ("missing.txt", "there is no such file"),
        ("empty.txt", "the file is empty"),
        ("noise.txt", "no text"),
        ("page.xml", "no article can be found in this page"),
        (".", "a directory"),
    ):
        complains(here("-C", root, "collect", tmp_path / name), str(tmp_path / name), what)
    complains(
        here("-C", root, "collect", "ftp://example.org/a"), "ftp://example.org/a: ftp: addresses are not collected"
    )
    complains(here("-C", root, "collect", "file:///tmp/a.txt"), "file: addresses are not", "give the path alone")
    complains(here("-C", root, "collect", ""), "an empty name")
    complains(here("-C", root, "collect", "example.org/feed/"), "no such file", "an address begins with https://")
    for option in ("--since", "--until"):
        wrong = here("-C", root, "collect", tmp_path, option, "yesterday")
        assert (wrong.code, wrong.err.splitlines()[-1]) == (
            2, f"Error: Invalid value: {option} takes a day such as 2026-11-20, not 'yesterday'",
        )  # fmt: skip
    # What is good is kept, what is not is named.
    (tmp_path / "good.txt").write_text(f"خبر جديد\n{TEXT}", "utf-8")
    done = here("-C", root, "collect", tmp_path / "empty.txt", tmp_path / "good.txt", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    assert [article["title"] for article in told["articles"]] == ["خبر جديد"]
    assert [trouble["where"] for trouble in told["troubles"]] == [str(tmp_path / "empty.txt")]


def test_a_file_whose_name_is_no_text(root: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode("خبر.txt".encode("cp1256"))  # as an old archive unpacks it
    try:
        path.write_text(f"خبر قديم\n{TEXT}", "utf-8")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    done = here("-C", root, "collect", path, "--json")
    assert done.code == 0, done
    assert json.loads(done.out)["articles"][0]["title"] == "خبر قديم"


def test_compose(root: Path) -> None:
    before = (root / "issues" / "first" / "issue.md").read_bytes()
    complains(here("-C", root, "compose", "77"), "no article 77", "newsletter articles")
    complains(here("-C", root, "compose", "9" * 30), f"no article {'9' * 30}")
    complains(here("-C", root, "compose"), "nothing new", "newsletter collect")
    complains(here("-C", root, "compose", "1", "--slug", "first"), "first/issue.md", "an issue here already", "--slug")
    complains(here("-C", root, "compose", "1", "--slug", "../out"), "'../out' cannot name a folder")
    complains(here("-C", root, "compose", "1", "--list", "raeders"), "no list is called 'raeders'", "'readers'")
    assert (root / "issues" / "first" / "issue.md").read_bytes() == before
    assert [path.name for path in (root / "issues").iterdir()] == ["first"]
    # Naming an article twice does not make two stories of it.
    assert here("-C", root, "compose", "1", "1", "--slug", "twice").code == 0
    assert (root / "issues" / "twice" / "issue.md").read_text("utf-8").count("### ") == 1


def test_compose_when_the_picture_of_an_article_has_gone(root: Path, tmp_path: Path) -> None:
    article = tmp_path / "a.md"
    article.write_text("# عنوان\n\n![ميناء](harbour.png)\n\nنص.\n", "utf-8")
    (tmp_path / "harbour.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert here("-C", root, "collect", article).code == 0
    (tmp_path / "harbour.png").unlink()
    complains(here("-C", root, "compose", "2"), str(tmp_path / "harbour.png"), "is gone", "put it back")
    assert [path.name for path in (root / "issues").iterdir()] == ["first"]


ISSUE = "issues/first/issue.md"
STORY = "\n### [خبر](https://example.org)\n"
LIST = 'list = "readers"'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda text: text.replace("number = 1", "number = one"), ("issue.md:2", "not valid TOML", "number = one")),
        (lambda text: text.replace("number = 1", "numbr = 1"), ("issue.md:2", "'numbr' is not known here")),
        (lambda text: text.replace('list = "readers"', "list = 5"), ("issue.md:5", "list is 5", "text in quotes")),
        (lambda text: text.replace(LIST, f'{LIST}\ntemplate = "weakly"'), ("issue.md", "weakly", "name one that is")),
        (lambda text: text.replace(LIST, f'{LIST}\ntemplate = "../weekly"'), ("issue.md:6", "no name of a template")),
        (lambda text: f"{text}\n[هنا](https:/broken link)\n", ("issue.md:13", "a broken link")),
        (lambda text: f"{text}\n[هنا](http://)\n", ("issue.md:13", "leads nowhere")),
        (lambda text: f"{text}\n# عنوان\n", ("issue.md:13", "first level", "## begins a section")),
        (lambda text: text + STORY + "![و](no.jpg)\n", ("issue.md:14", "'no.jpg' cannot be read")),
        (lambda text: text + STORY + "![و](a%00.jpg)\n", ("issue.md:14", "cannot be read")),
        (lambda text: text + STORY + "![و](../x.jpg)\n", ("issue.md:14", "outside the issue's")),
        (lambda text: text + STORY + "![و](issue.md)\n", ("issue.md:14", "no picture that can be read")),
        (lambda _: "", ("issue.md:1", "does not begin with +++")),
    ],
)  # fmt: skip
def test_an_issue_that_cannot_be_used(root: Path, change: Callable[[str], str], parts: tuple[str, ...]) -> None:
    edit(root / ISSUE, change)
    before = dump(root)
    complains(here("-C", root, "send", "--yes"), *parts)
    shown = here("-C", root, "preview")
    assert shown.code == 3, shown
    assert [part for part in (*parts, "issue.md") if part not in shown.err] == []
    # The draft is shown all the same, under what is wrong with it.
    for path in map(Path, shown.out.splitlines()):
        assert "This letter cannot go yet: " in path.read_text("utf-8")
    checked = here("-C", root, "check")
    assert checked.code in (1, 3)
    assert [part for part in (*parts, "issue.md") if part not in checked.out + checked.err] == []
    assert dump(root) == before
    assert not (root / "outbox").exists()


@pytest.mark.parametrize(
    "text",
    [
        "::: callout\nنص.\n",
        "::: nothing-of-ours\nنص.\n:::\n",
        "::: callout [س](https://example.org)\nنص.\n:::\n",
        "كلام[^1] وكلام[^1]\n",
    ],
)
def test_a_preview_tells_every_fault_once(root: Path, text: str) -> None:
    edit(root / ISSUE, lambda there: f"{there}\n{text}")
    done = here("-C", root, "preview")
    assert done.code == 3, done
    lines = [line.partition(": ")[2] for line in done.err.splitlines() if line.startswith("error ")]
    assert lines, done
    assert len(lines) == len(set(lines)), lines
    html = Path(done.out.splitlines()[0]).read_text("utf-8")
    assert f"This letter cannot go yet: {len(lines)} to mend." in html


def test_an_issue_that_is_no_file(root: Path) -> None:
    other = root / "issues" / "second" / "issue.md"
    other.mkdir(parents=True)
    for name in ([], ["2"], ["second"]):
        complains(here("-C", root, "preview", *name), str(other), "cannot be read")
    assert here("-C", root, "preview", "first").code == 0


def test_an_issue_that_cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = root / "issues" / "second" / "issue.md"
    other.parent.mkdir()
    other.touch()
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path == other:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    for name in ([], ["2"], ["second"]):
        complains(here("-C", root, "preview", *name), str(other), "cannot be read (Permission denied)")
    assert here("-C", root, "preview", "first").code == 0


def test_what_the_check_finds_keeps_a_letter_from_going(root: Path) -> None:
    edit(root / ISSUE, lambda text: f"{text}\n\nاكتب العنوان هنا\n")
    done = here("-C", root, "check")
    assert done.code == 3
    assert f"error placeholder-text: {root / ISSUE}:14: " in done.out
    done = here("-C", root, "send", "--yes")
    assert done.code == 3
    assert "cannot go like this" in done.err
    assert not (root / "outbox").exists()


@pytest.mark.slow
@pytest.mark.parametrize("control", ["\\n", "\\u0007", "\\u0000", "\\u2028"])
def test_a_subject_that_no_header_can_hold_is_never_frozen(root: Path, control: str) -> None:
    edit(root / ISSUE, lambda text: re.sub("subject = .*", lambda _: f'subject = "أ{control}ب"', text))
    done = here("-C", root, "send", "--yes")
    if done.code == 0:  # it was tidied away
        assert not re.search("[\n\x07\x00\u2028]", str(email.message_from_bytes(letters(root)[0])["Subject"]))
        return
    complains(done, ISSUE)
    assert not [line for line in dump(root) if line.startswith('INSERT INTO "send"')]


@pytest.mark.parametrize("character", ["\n", "\x07", "\x85", "\u2028", "\udcce"])
def test_a_picture_whose_name_no_header_can_hold_is_never_frozen(root: Path, character: str) -> None:
    name = f"a{character}b.png"
    (root / "issues" / "first" / name).write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1")
    edit(root / ISSUE, lambda text: f"{text}{STORY}![و]({quote(os.fsencode(name))})\n")
    before = dump(root)
    complains(here("-C", root, "send", "--yes"), "issue.md")
    assert dump(root) == before


def letters(root: Path) -> list[bytes]:
    return [path.read_bytes() for path in (root / "outbox" / "new").iterdir()]


def test_names_that_do_not_exist(root: Path) -> None:
    for verb in ("check", "preview", "send"):
        complains(here("-C", root, verb, "nope"), "no issue is called 'nope'", "first")
    complains(here("-C", root, "send", "99", "--yes"), "no issue is called '99'")
    complains(here("-C", root, "send", "--yes", "--list", "raeders"), "no list is called 'raeders'", "'readers'")
    complains(here("-C", root, "subscribers", "list", "--list", "raeders"), "no list is called 'raeders'")
    complains(here("-C", root, "subscribers", "add", "a@example.net", "--list", "x"), "no list is called 'x'")
    done = here("-C", root, "send", "--test", "nobody")
    complains(done, "'nobody' is not an e-mail address", "it has no @")
    assert not (root / "outbox").exists()


def test_wrong_usage(root: Path) -> None:
    for arguments, words in (
        (("colect", "x"), "Did you mean 'collect'?"),
        (("collect",), "name files or addresses, or set [collect] sources"),
        (("compose", "--latest", "0"), "greater than or equal to 1"),
        (("compose", "1", "--latest", "2"), "not both"),
        (("send", "--dry"), "No such option"),
        (("compose", "one"), "Invalid value"),
    ):
        done = here("-C", root, *arguments)
        assert (done.code, done.out) == (2, ""), done
        assert words in done.err.splitlines()[-1]
        assert "Traceback" not in done.err
    assert here("--version").out == "nashra 0.1.0\n"
    assert here().code == 2
    assert "Making an issue:" in here("--help").out


def test_import(root: Path, tmp_path: Path) -> None:
    before = dump(root)
    (tmp_path / "empty.csv").touch()
    for name, what in (("no.csv", "no such file"), ("empty.csv", "empty"), (".", "folder")):
        complains(here("-C", root, "subscribers", "import", tmp_path / name), what)
    (tmp_path / "names.csv").write_text("email\nأمل\nبسام\n", "utf-8")
    done = here("-C", root, "subscribers", "import", tmp_path / "names.csv")
    complains(done, "names.csv:2: ", "names.csv:3: ", "Added 0 subscribers to 'readers', 2 cannot be used.", lines=3)
    complains(here("-C", root, "subscribers", "import", DATA / "readers.csv", "--list", "x"), "no list is called 'x'")
    complains(here("-C", root, "subscribers", "add", "good@example.net", "b@d@example.net"), "b@d@example.net")
    assert here("-C", root, "subscribers", "import", DATA / "readers.csv", "--dry-run").code == 0
    # The number of an import that brought nobody is used up, and nothing else has changed.
    assert [line for line in dump(root) if "sqlite_sequence" not in line or "import_batch" not in line] == before


# Settings and keys


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('name = الموجة\n', (f"{TOML}:1", "not valid TOML", "quotes")),
        ('newsletter = 3\n[sender]\nfrom = "a@example.org"\n', (f"{TOML}:1: newsletter", "found 3", "a section")),
        ('[newsletter]\nname = "x"\n[sender]\nfrom = "a@example.org"\n', (TOML, "newsletter.url is missing", "add it")),
    ],
)  # fmt: skip
def test_broken_settings(root: Path, text: str, parts: tuple[str, ...]) -> None:
    (root / TOML).write_text(text, "utf-8")
    complains(here("-C", root, "articles"), str(root), *parts)


@pytest.mark.parametrize(
    ("key", "value", "parts"),
    [
        ("sender.lease", "soon", ("'soon'", "a valid number")),
        ("sender.batch", "0", ("'0'", "greater than or equal to 1")),
        ("sender.kind", "pigeon", ("'pigeon'", "outbox")),
        ("sender.from", "nobody", ("'nobody'", '"Name <address>" is wanted')),
        ("newsletter.timezone", "Mars", ("'Mars'", "a zone such as")),
        ("letter.accent", "red", ("'red'", "a colour such as")),
        ("web.url", "http://example.org", ("'http://example.org'", "an https address")),
        ("sender.leese", "3", ("is not a setting", "did you mean lease?")),
    ],
)
def test_a_wrong_setting_is_told_with_its_place(root: Path, key: str, value: str, parts: tuple[str, ...]) -> None:
    section, _, name = key.partition(".")
    variable = f"NASHRA_{section.upper()}__{name.upper()}"
    complains(here("-C", root, "articles", more={variable: value}), f"environment: {variable}", *parts)
    (root / ".env").write_text(f"{variable}={value}\n", "utf-8")
    complains(here("-C", root, "articles"), f"{root / '.env'}:1: {variable}", *parts)
    (root / ".env").unlink()
    (root / "secrets" / key).write_text(f"{value}\n", "utf-8")
    complains(here("-C", root, "articles"), f"{root / 'secrets' / key}", *parts)
    (root / "secrets" / key).unlink()
    above, header, below = (root / TOML).read_text("utf-8").partition(f"[{section}]\n")
    below = re.sub(rf"(?m)^{name} = .*\n", "", below, count=1)
    (root / TOML).write_text(with_settings(f"{above}{header}{below}", f"[{section}]\n{name} = '{value}'"), "utf-8")
    line = (root / TOML).read_text("utf-8").splitlines().index(f"[{section}]") + 2
    complains(here("-C", root, "articles"), f"{root / TOML}:{line}: {name}", *parts)


def test_names_that_are_no_settings(root: Path) -> None:
    complains(here("-C", root, "articles", more={"NASHRA_SENDR__LEASE": "3"}), "NASHRA_SENDR__LEASE", "mean sender?")
    complains(
        here("-C", root, "articles", more={"NASHRA_XX__LEASE": "3"}), "NASHRA_XX__LEASE", "known here: newsletter"
    )
    # What is silently ignored costs an evening.
    complains(here("-C", root, "articles", more={"NASHRA_LEASE": "3"}), "NASHRA_LEASE", "NASHRA_SECTION__KEY")
    (root / "secrets" / "apikey").write_text("x")
    complains(
        here("-C", root, "articles"), f"{root / 'secrets' / 'apikey'}", "not the name of a setting", "SECTION.KEY"
    )


def test_a_wrong_secret_is_not_shown(root: Path) -> None:
    (root / "secrets" / "database.url").write_text("mysql://nashra:geheim@db.example.org/x", "utf-8")
    done = here("-C", root, "articles")
    complains(done, "database.url", "found a secret", "postgresql://")
    assert "geheim" not in done.err
    (root / "secrets" / "database.url").write_text("postgresql://nashra:geheim@127.0.0.1:1/x", "utf-8")
    done = here("-C", root, "articles")
    complains(done, "127.0.0.1:1", "check [database] url")
    assert "geheim" not in done.err


GOOD = "ab" * 32


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "what"),
    [
        (None, "the secret keys are missing"),
        ("nonsense", "cannot be read"),
        ("[tokens]\n[suppression]\n", "under [tokens]"),
        (f'[tokens]\n1 = "{GOOD}"\n', "under [suppression]"),
        (f'[tokens]\n1 = "{GOOD}"\n2 = "{GOOD}"\n3 = "{GOOD}"\n[suppression]\n1 = "{GOOD}"\n', "one or two keys"),
        (f'[tokens]\n300 = "{GOOD}"\n[suppression]\n1 = "{GOOD}"\n', "300 is no number from 0 to 255"),
        (f'[tokens]\nx = "{GOOD}"\n[suppression]\n1 = "{GOOD}"\n', "x is no number"),
        (f'[tokens]\n1 = 5\n[suppression]\n1 = "{GOOD}"\n', "64 hexadecimal digits"),
        (f'[tokens]\n1 = "{GOOD[2:]}"\n[suppression]\n1 = "{GOOD}"\n', "64 hexadecimal digits"),
        (f'[tokens]\n1 = "{GOOD[:-1]}g"\n[suppression]\n1 = "{GOOD}"\n', "cannot be read"),
    ],
)
def test_keys_that_cannot_be_used_stop_a_send_before_anything_is_frozen(
    root: Path, text: str | None, what: str
) -> None:
    path = root / "secrets" / "keys.toml"
    good = path.read_bytes()
    path.unlink()
    if text is not None:
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
    before = dump(root)
    done = here("-C", root, "send", "--yes")
    complains(done, f"error: {path}: ", what, "restore the file from a backup")
    assert GOOD not in done.err
    assert dump(root) == before
    path.write_bytes(good)
    path.chmod(0o644)
    done = here("-C", root, "send", "--yes")
    complains(done, "others can read the secret keys", f"chmod 600 {path}")
    path.chmod(0o600)
    assert here("-C", root, "send", "--yes").code == 0


# The database


def test_a_database_of_a_newer_version(root: Path) -> None:
    with contextlib.closing(sqlite3.connect(root / "newsletter.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = dump(root)
    for verb in (("articles",), ("send", "--yes"), ("database", "upgrade"), ("database", "backup")):
        complains(here("-C", root, *verb), "newsletter.db", "its schema is 9999", "upgrade nashra")
    assert dump(root) == before


def test_a_database_that_is_damaged(root: Path) -> None:
    path = root / "newsletter.db"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + os.urandom(len(data) - 4096))
    complains(here("-C", root, "articles"), "newsletter.db", "malformed", "restore a backup")
    path.write_bytes(b"This is no database, and it is long enough to be taken for one." * 20)
    for verb in (("articles",), ("database", "upgrade"), ("database", "backup")):
        complains(here("-C", root, *verb), "newsletter.db", "file is not a database", "restore a backup")
    path.unlink()
    path.mkdir()
    complains(here("-C", root, "articles"), "newsletter.db", "unable to open database file", "check that")


def test_a_database_that_another_command_holds(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.storage.database.BUSY_SECONDS", 0.1)
    with contextlib.closing(sqlite3.connect(root / "newsletter.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        complains(here("-C", root, "subscribers", "add", "a@example.net"), "database is locked", "run this one again")
        assert here("-C", root, "articles").code == 0
        other.rollback()
    assert here("-C", root, "subscribers", "add", "a@example.net").code == 0


# The disk


def mounted(folder: Path, *options: str) -> bool:
    return subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if shutil.which("mount") is None or not mounted(folder, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        pytest.skip("only root may mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@pytest.mark.slow
def test_a_full_disk_loses_nothing_that_was_committed(small_disk: Path, made: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(made, small_disk / "w"))
    text = tmp_path / "other.txt"
    text.write_text(f"خبر آخر\n{TEXT}", "utf-8")
    readers = tmp_path / "readers.csv"
    readers.write_text("email\n" + "".join(f"more{number}@example.net\n" for number in range(8000)), "utf-8")
    before = dump(root)
    fill(small_disk)
    for verb in (
        ("collect", text),
        ("subscribers", "import", readers, "--consent", "card"),
        ("compose", "1", "--slug", "second"),
        ("preview",),
    ):
        complains(here("-C", root, *verb), str(root), "free some space")
    complains(here("-C", root, "send", "--yes"), "newsletter.db", "free some space")
    complains(
        here("init", small_disk / "new", "--name", "x", "--url", "https://example.org"), "No space left on device"
    )
    (small_disk / "filler").unlink()
    assert dump(root) == before
    # Room for the letters to begin with, but not for the import: it is undone as a whole.
    complains(
        here("-C", root, "subscribers", "import", readers, "--consent", "card"), "newsletter.db", "free some space"
    )
    assert dump(root) == before
    assert mounted(small_disk, "-o", "remount,size=16m")
    for verb in (
        ("collect", text),
        ("subscribers", "import", readers, "--consent", "card"),
        ("compose", "1", "--slug", "second"),
        ("preview",),
    ):
        assert here("-C", root, *verb).code == 0
    assert here("init", small_disk / "new", "--name", "x", "--url", "https://example.org").code == 0


@pytest.mark.slow
def test_a_full_outbox_is_completed_by_the_same_command(small_disk: Path, tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=60, settings="batch = 4\nlease = 1")
    (root / "outbox").symlink_to(small_disk, target_is_directory=True)
    done = here("-C", root, "send", "--yes")
    assert done.code == 75
    assert done.err.splitlines()[-2:] == [
        f"error: {root / 'outbox'}: the outbox cannot be written (No space left on device); "
        "free some space and run the same command again",
        "Stopped in the middle; nothing is lost. Go on with: newsletter send 1",
    ]
    assert 0 < received(root).total() < 60
    assert list((root / "outbox" / "tmp").iterdir()) == []
    complains(here("-C", root, "send", "--yes"), "free some space", code=75, lines=4)
    assert mounted(small_disk, "-o", "remount,size=16m")
    done = here("-C", root, "send", "--yes", "--json")
    assert (done.code, json.loads(done.out)["submitted"]) == (0, 60)
    assert received(root) == everybody(60)


@pytest.mark.slow
def test_a_database_on_a_disk_that_fills_up_in_mid_send(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w", readers=40, settings="batch = 4\nlease = 1")
    if (
        shutil.which("strace") is None
        or subprocess.run(["strace", "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs strace, and the right to trace")
    traced = Path(shutil.copytree(root, tmp_path / "traced"))
    trace = ("strace", "-f", "--seccomp-bpf", "-o", str(tmp_path / "trace"), "-e")
    words = (*trace, "trace=pwrite64,rename", *command("-C", traced, "send", "--yes"))
    subprocess.run(words, env=environment(), capture_output=True, check=True)
    calls = (tmp_path / "trace").read_text().splitlines()
    twentieth = [at for at, line in enumerate(calls) if "/new/" in line][19]
    # Only SQLite writes so. From the twentieth letter on it finds no room.
    # strace counts the calls of each thread apart, and the first one freezes before any letter goes.
    writes = Counter(line.split()[0] for line in calls[:twentieth] if "pwrite64(" in line)
    write = max(writes.values()) + 1
    fault = ("trace=pwrite64", "-e", f"inject=pwrite64:error=ENOSPC:when={write}+")
    words = (*trace, *fault, *command("-C", root, "send", "--yes"))
    done = subprocess.run(words, env=environment(), capture_output=True, check=False)
    told = done.stderr.decode()
    complains(Done(done.returncode, "", told), "newsletter.db", "free some space", "Go on with", code=75, lines=3)
    assert 0 < received(root).total() <= 40
    time.sleep(1)  # the lease of the batch that nobody could give back
    assert there("-C", root, "send", "--yes").code == 0
    assert received(root) == everybody(40)


def test_a_workspace_that_may_not_be_written(small_disk: Path, made: Path) -> None:
    root = Path(shutil.copytree(made, small_disk / "w"))
    before = dump(root)
    assert mounted(small_disk, "-o", "remount,ro")
    for verb in (
        ("articles",),
        ("collect", DATA / "copied.txt"),
        ("compose", "1"),
        ("send", "--yes"),
        ("database", "backup"),
    ):
        complains(here("-C", root, *verb), "newsletter.db", "can be written to")
    complains(here("init", small_disk / "new", "--name", "x", "--url", "https://example.org"), "Read-only file system")
    assert mounted(small_disk, "-o", "remount,rw")
    assert dump(root) == before


@pytest.mark.slow
@pytest.mark.parametrize("blocked", ["outbox", "outbox/tmp", "outbox/new"])
def test_an_outbox_that_is_blocked(root: Path, blocked: str) -> None:
    (root / blocked).parent.mkdir(exist_ok=True)
    (root / blocked).touch()
    done = here("-C", root, "send", "--yes")
    assert done.code == 75
    assert f"error: {root / 'outbox'}: the outbox cannot be written (" in done.err
    (root / blocked).unlink()
    assert here("-C", root, "send", "--yes").code == 0
    assert received(root) == everybody(3)


# Asking


def test_nobody_to_ask(root: Path) -> None:
    done = here("-C", root, "send")
    assert done.code == 5
    assert done.err.splitlines()[-1] == "Nobody is here to ask; add --yes to send it without asking."
    assert not (root / "outbox").exists()


def at_a_terminal(root: Path, typed: str) -> tuple[int, str]:
    """Run ``newsletter send`` at a terminal of its own and type one line."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("-C", root, "send"), stdin=theirs, stdout=theirs, stderr=theirs, env=environment({"TERM": "xterm"})
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the last one has left the terminal
        while chunk := os.read(ours, 65536):
            if b"anything else to stop" in shown + chunk and b"anything else to stop" not in shown:
                os.write(ours, typed.encode())
            shown += chunk
    os.close(ours)
    return process.wait(120), shown.decode("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("typed", ["yes\n", "\n", "\x04"])
def test_a_wrong_answer_sends_nothing(root: Path, typed: str) -> None:
    code, shown = at_a_terminal(root, typed)
    assert code == 1
    assert "would go to 3 subscribers of 'readers' through outbox" in shown
    assert "Traceback" not in shown
    assert not (root / "outbox").exists()


@pytest.mark.slow
def test_the_right_answer_sends_also_in_arabic_digits(root: Path) -> None:
    code, shown = at_a_terminal(root, "١\n")
    assert code == 0, shown
    assert "3 submitted. 3 letters now, through outbox." in shown
    assert received(root) == everybody(3)


# Stopping


HEED_INTERRUPTS = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)
"""A shell lets what it starts with ``&`` ignore Ctrl-C: these tests, and their children too."""


@pytest.mark.slow
def test_a_send_that_is_killed_and_stopped_goes_on_with_the_same_command(tmp_path: Path) -> None:
    # At a pace that leaves time to be struck in the middle.
    root = make_workspace(tmp_path / "w", readers=200, settings="batch = 1\nlease = 1\nper_second = 60")
    new = root / "outbox" / "new"
    before = 0
    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 75), (signal.SIGINT, 75)):
        heeding = [sys.executable, "-c", HEED_INTERRUPTS, *command("-C", root, "send", "--yes")]
        process = subprocess.Popen(heeding, env=environment(), stderr=subprocess.PIPE)
        while count(new) <= before:
            assert process.poll() is None
            time.sleep(0.0005)
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
        assert process.returncode == code, told
        assert b"Traceback" not in told
        if code == 75:
            assert told.decode().splitlines()[-2:] == [
                "error: stopped by hand",
                "Stopped in the middle; nothing is lost. Go on with: newsletter send 1",
            ]
        assert before < count(new) < 200
        before = count(new)
    done = there("-C", root, "send", "--yes", "--json")
    assert (done.code, json.loads(done.out)["submitted"]) == (0, 200)
    assert received(root) == everybody(200)
    assert count(root / "outbox" / "tmp") == 0


@pytest.mark.slow
def test_two_sends_at_once_do_not_double(root: Path) -> None:
    done: list[Done] = []
    runs = [threading.Thread(target=lambda: done.append(there("-C", root, "send", "--yes"))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert 0 in {one.code for one in done}
    for one in done:
        assert one.code == 0 or "already on its way" in one.err, one
    assert received(root) == everybody(3)


# Streams and locales


@pytest.mark.slow
def test_streams_that_are_closed_or_full(root: Path) -> None:
    def shell(line: str) -> Done:
        words = " ".join(f"'{word}'" for word in command("-C", root))
        done = subprocess.run(
            ["bash", "-c", line.replace("NEWSLETTER", words)], capture_output=True, env=environment(), check=False
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    assert shell("NEWSLETTER articles --json | head -c 0; exit ${PIPESTATUS[0]}") == Done(1, "", "")
    assert shell("NEWSLETTER articles >&-") == Done(0, "", "")
    assert shell("NEWSLETTER check 2>&- <&-").code == 0
    if Path("/dev/full").exists():
        complains(shell("NEWSLETTER articles --json > /dev/full"), "stdout", "No space left on device")


@pytest.mark.slow
def test_a_terminal_that_cannot_show_arabic(root: Path, tmp_path: Path) -> None:
    more = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    text = tmp_path / "مقال جديد.txt"
    text.write_text(f"خبر من مكان بعيد\n{TEXT}", "utf-8")
    done = there("-C", root, "collect", text, "--json", more=more)
    assert done.code == 0, done
    assert json.loads(done.out)["articles"][0]["title"] == "خبر من مكان بعيد"
    assert json.loads(done.out)["articles"][0]["source"] == str(text)
    complains(
        there("init", tmp_path / "n", "--name", "الموجة", "--url", "https://example.org", more=more), "LC_ALL=C.UTF-8"
    )
    assert not (tmp_path / "n").exists()


def test_a_fault_of_ours_is_said_in_one_line_and_shown_on_demand(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("newsletter.library.holdings", broken)
    done = here("-C", root, "articles")
    assert (done.code, done.err.splitlines()[0]) == (
        1,
        "error: a fault in the program, please report it: ZeroDivisionError: a bug",
    )
    with pytest.raises(ZeroDivisionError):
        here("-C", root, "articles", more={"NASHRA_DEBUG": "1"})


def test_nobody_but_the_owner_reads_addresses_and_secrets(root: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("POSIX permissions")
    assert here("-C", root, "send", "--yes").code == 0
    assert here("-C", root, "database", "backup").code == 0
    private = [
        root / "newsletter.db",
        root / "secrets" / "keys.toml",
        *(root / "backups").iterdir(),
        *(root / "outbox").rglob("*"),
    ]
    assert len(private) > 8
    assert [path for path in (root / "secrets", root / "backups", *private) if path.stat().st_mode & 0o077] == []


def test_wide_columns_of_a_table_give_way_and_narrow_ones_stay() -> None:
    from newsletter.cli.tables import column_widths

    assert column_widths([2, 8, 7, 58, 90, 39], 210) == [2, 8, 7, 58, 90, 39]
    assert column_widths([2, 8, 7, 58, 90, 39], 200) == [2, 8, 7, 58, 86, 39]
    narrow = column_widths([2, 8, 7, 58, 90, 39], 100)
    assert narrow[:3] == [2, 8, 7]
    assert sum(narrow) <= 100
    assert min(narrow[3:]) >= 12
    assert column_widths([5, 60], 30) == [5, 25]
    assert column_widths([2, 58, 90], 10) == [2, 12, 12]  # nothing is left of less than this
