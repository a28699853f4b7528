"""Every check trips on what it is for, at the line where that stands, and on nothing else."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import golden_letters
import pytest
import seeded
from command import here, make_workspace
from settings_text import with_settings

from newsletter.check import CODES, RULES, CheckContext, check, has_errors
from newsletter.check.fix import FIXES
from newsletter.letters.templates import environment
from newsletter.models import Issue, Letter, Problem, Publication, Rendered, Section, Story

HEAD = """\
+++
number = 1
subject = "أسبوع في مرسى الريحان"
preheader = "ثلاث قصص اخترناها لكم هذا الأسبوع"
list = "readers"
template = "weekly"
+++

أعزاءنا القراء، هذه نشرة الأسبوع.

## أخبار

### [مرسى الريحان يفتح رصيفه الجديد](https://almawja.example.org/2026/11/quay/)
![قوارب صيد في ميناء هادئ](https://almawja.example.org/quay.jpg)
بعد ثلاث سنوات من الأشغال، تسلّم صيادو المدينة رصيفًا جديدًا.
"""
LAST = HEAD.count("\n")


# One seeded fault per folder


@pytest.mark.parametrize("name", seeded.FOLDERS)
def test_each_seeded_fault_is_found_where_it_stands_and_nothing_else(name: str) -> None:
    folder = seeded.ROOT / name
    problems = seeded.inspected(folder)
    assert seeded.told(problems, folder) == seeded.stored(folder, "expected.json")
    for problem in problems:
        assert problem.level == CODES[problem.code]
        for text in (problem.words, problem.place, problem.mend):
            assert text.strip()
            assert "\n" not in text
            assert "{piece}" not in text
            assert "{better}" not in text
            assert "None" not in text
            assert str(seeded.ROOT.parent) not in text.replace(str(folder), "")


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_seeded_fault_of_its_own(code: str) -> None:
    expected = seeded.stored(seeded.ROOT / code, "expected.json")
    assert code in {row["code"] for row in expected}


def test_no_folder_is_left_over_and_there_are_many() -> None:
    assert set(seeded.FOLDERS) - set(CODES) == {"clean", "clean-sender", "clean-sponsor"}
    assert len(CODES) >= 40
    assert len(RULES) == len(set(RULES))


def sections() -> dict[str, str]:
    reference = (Path(__file__).parents[1] / "docs" / "en" / "checks.md").read_text("utf-8")
    return dict(re.findall(r"^### ([\w-]+)\n\n(.*?)(?=^#|\Z)", reference, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained_with_its_level_and_its_mend(code: str) -> None:
    text = sections()[code]
    assert text.startswith(CODES[code].capitalize())
    assert ("`--fix" in text) == (code in FIXES)
    assert len(text.split()) >= 8


def test_nothing_is_explained_that_is_not_checked() -> None:
    assert set(sections()) == set(CODES)


@pytest.mark.parametrize("site", [None, {}])
def test_a_clean_issue_yields_nothing(site: dict[str, Any] | None, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(seeded.ROOT / "clean", tmp_path / "clean"))
    if site is not None:
        (folder / "site.json").write_text(json.dumps(site), "utf-8")
    assert seeded.inspected(folder) == []


@pytest.mark.parametrize(("provider", "codes"), [("sendgrid", []), ("smtp", ["spf-missing"]), ("", ["spf-missing"])])
def test_spf_is_not_asked_of_a_domain_that_sendgrid_signs_for(provider: str, codes: list[str], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(seeded.ROOT / "clean-sender", tmp_path / "clean"))
    for name, changes in (("known.json", {"provider": provider}), ("zone.json", {"almawja.example.org TXT": []})):
        (folder / name).write_text(json.dumps({**seeded.stored(folder, name), **changes}), "utf-8")
    assert [problem.code for problem in seeded.inspected(folder)] == codes


# What stands in the golden issues that an editor would want to know

GOLDEN = {
    # It holds every kind of markup and text that could break a letter.
    "hostile": {
        "editor-text",
        "merge-field",
        "html-in-text",
        "quotes-straight",
        "tatweel",
        "bidi-embedding",
        "bidi-unbalanced",
        "character-control",
        "character-invisible",
        "story-without-link",
    },
    "fifty": {"stories-alike", "letter-nearly-too-large"},  # a few stories told over and over, close to the bar
    "elements-ar": {"letter-nearly-too-large"},  # every element there is, in one letter
    "mixed": {"heading-order"},
    "numbers": {"digits-mixed"},
    "vocalised": {"digits-setting"},
    "whole": {"story-without-link"},
}


@pytest.mark.parametrize("name", golden_letters.NAMES)
def test_the_golden_issues_are_told_only_what_is_there(name: str) -> None:
    one = golden_letters.golden(name)
    if name == "fifty":
        one = replace(one, issue=replace(one.issue, template="digest"))
    made = letter(golden_letters.rendered(one, environment()))
    problems = check(
        one.issue, made, CheckContext(publication=one.publication, now=golden_letters.DATE, pictures=one.pictures)
    )
    assert {problem.code for problem in problems} <= GOLDEN.get(name, set()), problems


def letter(rendered: Rendered) -> Letter:
    return Letter(
        sender="نشرة <news@example.org>",
        reply_to="",
        list_id="readers.example.org",
        rendered=rendered,
        marker=golden_letters.MARKER,
        unsubscribe_url="",
        unsubscribe_mail="",
        date=golden_letters.DATE,
    )


# What can be checked without a file, a letter or anything known besides


def test_an_issue_in_memory_is_checked_without_lines_and_without_a_letter() -> None:
    story = Story("عنوان القصة", url="https://localhost/x", summary="نص.")
    problems = check(Issue(1, "", sections=(Section("", (story,)),)), None)
    assert [problem.code for problem in problems] == ["subject-empty", "link-private"]
    assert [problem.place for problem in problems] == ["", ""]
    assert has_errors(problems)
    assert not has_errors(
        check(Issue(1, "موضوع هذا الأسبوع", sections=(Section("", (replace(story, url=""),)),)), None)
    )


def test_errors_stand_first_then_the_order_of_the_file() -> None:
    problems = check(
        Issue(
            1,
            "موضوع هذا الأسبوع",
            "سطر خلف الموضوع",
            sections=(Section("فارغ", (), 9), Section("فارغ أيضًا", (), 30), Section("", (Story("", line=100),), 99)),
            path="issue.md",
        ),
        None,
    )
    assert [(problem.level, problem.place) for problem in problems] == [
        ("error", "issue.md:100"),
        ("error", "issue.md:100"),
        ("warning", "issue.md:9"),
        ("warning", "issue.md:30"),
    ]


def test_a_failure_is_not_told_beside_the_fault_that_caused_it() -> None:
    story = Story(
        "عنوان القصة", url="https://example.org/x", summary="نص.", image="http://example.org/a.jpg", image_alt="وصف"
    )
    issue = Issue(1, "موضوع هذا الأسبوع", sections=(Section("", (replace(story, line=3, image_line=4),)),), path="i.md")
    failure = Problem("letter-impossible", "error", "the picture is not encrypted", "i.md:4", "mend")
    assert [one.code for one in check(issue, None, CheckContext(failures=(failure,)))] == ["image-http"]
    elsewhere = replace(failure, place="i.md:9")
    assert [one.code for one in check(issue, None, CheckContext(failures=(elsewhere,)))] == [
        "image-http",
        "letter-impossible",
    ]


# The command


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("made") / "w", readers=0)
    settings = root / "newsletter.toml"
    text = settings.read_text("utf-8")
    settings.write_text(with_settings(text, '[letter]\npostal_address = "14 نهج الميناء"'), "utf-8")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "w"))


def write(root: Path, text: str) -> Path:
    path = root / "issues" / "first" / "issue.md"
    path.write_text(text, "utf-8")
    return path


def checked(root: Path, text: str, *options: str) -> tuple[int, list[dict[str, Any]]]:
    write(root, text)
    done = here("-C", root, "check", "first", "--json", *options)
    assert done.code in (0, 3), done
    problems = json.loads(done.out)["problems"]
    for problem in problems:
        assert set(problem) == {"code", "level", "words", "place", "mend"}
        assert all(problem.values())
    levels = [problem["level"] for problem in problems]
    assert levels == sorted(levels)  # errors first
    assert (done.code == 3) == ("error" in levels)
    return done.code, problems


@pytest.mark.slow
def test_a_clean_issue_trips_nothing(root: Path) -> None:
    assert checked(root, HEAD) == (0, [])
    done = here("-C", root, "check", "first")
    assert (done.code, done.out, done.err) == (0, "", "Issue 1 is ready.\n")


@pytest.mark.parametrize(
    ("text", "code", "level", "line"),
    [
        (HEAD.replace("أسبوع في مرسى الريحان", " "), "subject-empty", "error", 3),
        (f"{HEAD}\n### [ ](https://example.org/x)\nنص بلا عنوان.\n", "story-without-headline", "error", LAST + 2),
        (f"{HEAD}\n### خبر كامل في الرسالة\nنصه هنا كله، ولا رابط له.\n", "story-without-link", "warning", LAST + 2),
        (f"{HEAD}\n### خبر بلا رابط ولا نص\n", "story-empty", "error", LAST + 2),
        (f"{HEAD}\n## رأي\n", "section-empty", "warning", LAST + 2),
        (HEAD.replace("![قوارب صيد في ميناء هادئ]", "![]"), "image-without-alt", "warning", 14),
        (f"{HEAD}\n---\n\nكلمة أخيرة.\n\n![](https://example.org/a.jpg)\n", "image-without-alt", "warning", LAST + 6),
        (f"{HEAD}\n![](https://example.org/a.jpg)\n", "image-without-alt", "warning", LAST + 2),
        (HEAD.replace("هذه نشرة", "{{ name }} هذه نشرة"), "merge-field", "warning", 9),
        (HEAD.replace("[مرسى", "[*|FNAME|* مرسى"), "merge-field", "warning", 13),
        (HEAD.replace("القراء،", "[الاسم]،"), "merge-field", "warning", 9),
        (HEAD.replace('"أسبوع', '"{{ subject }} أسبوع'), "merge-field", "warning", 3),
        (HEAD.replace("[قوارب", "[{{ alt }} قوارب"), "merge-field", "warning", 14),
    ],
)
def test_each_check(root: Path, text: str, code: str, level: str, line: int) -> None:
    _, problems = checked(root, text)
    assert {problem["code"] for problem in problems} == {code}
    (problem,) = problems
    assert problem["level"] == level
    assert problem["place"] == f"{root / 'issues' / 'first' / 'issue.md'}:{line}"


SPEAKS_OF_TEMPLATES = (
    "direction: ltr",
    "style='direction:ltr;text-align:left'",
    r"\u{6f}",
    r"\\u{64b}",
    "&lt;mj-text>",
    "{% if x %}",
    "{{ }}",
    "{{ غير مغلق",
    "}} ثم {{ كلام طويل عن القوالب وما فيها من أقواس لا يعرف القارئ ما هي ولا من أين جاءت }}",
    "<% x %>",
    "قال \"{% x %}\" و'{{}}'",
)


@pytest.mark.parametrize("words", SPEAKS_OF_TEMPLATES)
def test_an_article_about_templates_is_text(root: Path, words: str) -> None:
    in_quotes = json.dumps(words)[1:-1]
    text = (
        HEAD.replace('"أسبوع', f'"{in_quotes} أسبوع')
        .replace('"ثلاث', f'"{in_quotes} ثلاث')
        .replace("هذه نشرة", f"قال {words} هذه نشرة")
        .replace("[مرسى", f"[{words} مرسى")
        .replace("[قوارب", f"[{words} قوارب")
        .replace("بعد ثلاث", f"قال {words} بعد ثلاث")
    )
    code, problems = checked(root, text)
    assert code == 0
    told = {(one["code"], one["level"]) for one in problems}
    assert {one for one in told if one[1] == "error" or one[0] in ("template-leaked", "align-left")} == set()


def test_nothing_to_send(root: Path) -> None:
    code, problems = checked(root, HEAD.partition("أعزاءنا")[0])
    assert code == 3
    assert "issue-empty" in {problem["code"] for problem in problems}


def test_a_template_that_forgot_the_way_out(root: Path) -> None:
    shipped = Path(__file__).parents[1] / "templates" / "email"
    folder = root / "templates" / "email"
    folder.mkdir(parents=True)
    for name in ("ways.mjml.j2", "base.txt.j2"):
        source = (shipped / name).read_text("utf-8")
        assert "{{ leave_url }}" in source
        (folder / name).write_text(source.replace("{{ leave_url }}", "https://example.org"), "utf-8")
        done = here("-C", root, "check", "first")
        assert done.code in (1, 3)
        assert "put {{ leave_url }} into" in done.out + done.err
        done = here("-C", root, "send", "first", "--yes")
        assert done.code in (1, 3)
        (folder / name).unlink()


def test_a_template_that_leaks(root: Path) -> None:
    path = root / "templates" / "email" / "weekly.txt.j2"
    path.parent.mkdir(parents=True)
    path.write_text('{% extends "shipped/email/weekly.txt.j2" %}', "utf-8")
    assert checked(root, HEAD) == (0, [])
    path.write_text("{{ leave_url }} {{ '{{' }} nobody filled this {{ '}}' }}", "utf-8")
    code, problems = checked(root, HEAD)
    assert code == 3
    (problem,) = [one for one in problems if one["code"] == "template-leaked"]
    assert problem["place"] == "the letter's text"


def test_a_letter_that_mail_programs_would_cut(root: Path) -> None:
    story = (
        "\n### [خبر رقم {0}](https://almawja.example.org/{0})\n" + "نص طويل عن حياة المدينة وأهلها في هذا الأسبوع. " * 9
    )
    code, problems = checked(root, HEAD + "".join(story.format(number) for number in range(60)))
    assert code == 3
    (problem,) = [one for one in problems if one["code"] == "letter-too-large"]
    assert "Gmail" in problem["words"]
    # Of one warning the first five are printed, and how many more there are; --json prints them all.
    alike = [one for one in problems if one["code"] == "stories-alike"]
    lines = here("-C", root, "check", "first").out.splitlines()
    assert len(alike) == 59
    assert len([line for line in lines if "stories-alike" in line]) == 6
    assert "warning stories-alike: and 54 more of these; --json tells them all" in lines


def test_problems_stand_in_the_order_of_the_file(root: Path) -> None:
    story = "### [خبر](https://example.org/1)\n![](https://example.org/1.jpg)\nنص.\n"
    text = f"{HEAD}\n## رأي\n\n## صور\n\n{story}\n## فراغ\n"
    _, problems = checked(root, text)
    lines = [int(problem["place"].rpartition(":")[2]) for problem in problems]
    assert lines == [LAST + 2, LAST + 7, LAST + 10]


def test_everything_is_told_at_once_when_there_is_no_letter(root: Path) -> None:
    text = HEAD.replace("https://almawja.example.org/quay.jpg", "gone.jpg").replace("القراء،", "القراء,")
    _, problems = checked(root, text)
    assert [(one["code"], one["place"].rpartition(":")[2]) for one in problems] == [
        ("letter-impossible", "14"),
        ("punctuation-latin", "9"),
    ]
    done = here("-C", root, "send", "first", "--yes")
    assert done.code == 1
    assert "gone.jpg" in done.err


def test_fix_mends_what_is_safe_and_tells_the_rest(root: Path) -> None:
    text = HEAD.replace("القراء، هذه", 'القراء , هذه "المدينة"').replace("## أخبار", "## أخبار\n\n## رأي")
    path = write(root, text)
    done = here("-C", root, "check", "first")
    assert done.code == 0
    assert "2 of these can be mended with: newsletter check --fix" in done.err
    assert path.read_text("utf-8") == text
    done = here("-C", root, "check", "first", "--fix")
    assert path.read_text("utf-8") == text.replace('القراء , هذه "المدينة"', "القراء، هذه «المدينة»")
    assert f"{path}:9: أعزاءنا القراء، هذه «المدينة» نشرة الأسبوع." in done.err
    assert [line.split(":")[0] for line in done.out.splitlines()] == ["warning section-empty"]
    done = here("-C", root, "check", "first", "--fix", "--json")
    assert json.loads(done.out)["mended"] == []


def test_fix_goes_by_the_language_of_the_publication(root: Path) -> None:
    text = HEAD.replace("أعزاءنا القراء", "الکتاب")
    path = write(root, text)
    for language in ("ps", "en"):
        here("-C", root, "check", "first", "--fix", more={"NASHRA_NEWSLETTER__LANGUAGE": language})
        assert path.read_text("utf-8") == text
    done = here("-C", root, "check", "first", "--fix")
    assert path.read_text("utf-8") == text.replace("الکتاب", "الكتاب")
    assert "mended letters-keyboard" in done.err


def test_fix_as_data(root: Path) -> None:
    write(root, HEAD.replace("رصيفًا جديدًا", "رصيفًا جديـــدًا"))
    found = json.loads(here("-C", root, "check", "first", "--fix", "--json").out)
    assert found["problems"] == []
    (mended,) = found["mended"]
    assert (mended["line"], mended["codes"]) == (15, ["tatweel"])
    assert "جديـــدًا" in mended["before"]
    assert "جديدًا" in mended["after"]


def test_online_asks_for_links_pictures_and_dns(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.wiring import Workspace

    site = seeded.Site({"https://almawja.example.org/2026/11/quay/": {"status": 404, "head": 405}})
    zone = seeded.Zone({})
    monkeypatch.setattr(Workspace, "fetcher", site)
    monkeypatch.setattr(Workspace, "resolver", zone)
    write(root, HEAD)
    done = here("-C", root, "check", "first", "--online")
    assert done.code == 3
    assert "error link-dead: " in done.out
    assert ":13: the link" in done.out
    assert "error sender-domain-without-mail: " in done.out
    assert ("GET", "https://almawja.example.org/2026/11/quay/") in site.asked
    assert ("GET", "https://almawja.example.org/quay.jpg") in site.asked
    assert ("GET", "https://news.example.org") in site.asked
    assert ("_dmarc.example.org", "TXT") in zone.asked
    # Without --online, and with an outbox, nobody is asked.
    site.asked.clear()
    zone.asked.clear()
    assert here("-C", root, "check", "first").code == 0
    assert here("-C", root, "send", "first", "--dry-run").code == 0
    assert (site.asked, zone.asked) == ([], [])


def test_before_a_real_send_dns_is_asked_and_errors_stop_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.wiring import Workspace

    zone = seeded.Zone({"almawja.example.org MX": ["0 ."]})
    site = seeded.Site({})
    monkeypatch.setattr(Workspace, "resolver", zone)
    monkeypatch.setattr(Workspace, "fetcher", site)
    settings = root / "newsletter.toml"
    text = settings.read_text("utf-8").replace('kind = "outbox"', 'kind = "sendgrid"')
    settings.write_text(re.sub(r'from = ".*?"', 'from = "news@almawja.example.org"', text), "utf-8")
    write(root, HEAD)
    done = here("-C", root, "send", "first", "--yes", more={"NASHRA_SENDGRID__KEY": "SG.none"})
    assert done.code == 3, done
    assert "sender-domain-without-mail" in done.err
    assert "dkim-missing" in done.err
    assert ("s1._domainkey.almawja.example.org", "TXT") in zone.asked
    assert site.asked == [("GET", "https://news.example.org")]
    # The provider of [sender] fallback is asked for with its own keys.
    assert "fallback-unauthenticated" not in done.err
    more = {
        "NASHRA_SENDGRID__KEY": "SG.none",
        "NASHRA_SMTP__HOST": "mail.example.org",
        "NASHRA_SENDER__FALLBACK": "smtp",
        "NASHRA_SENDER__DKIM_SELECTORS": "own",
    }
    done = here("-C", root, "send", "first", "--yes", more=more)
    assert "warning fallback-unauthenticated: " in done.err
    assert (
        "go on through [sender] fallback, smtp: there is no DKIM key for almawja.example.org (asked for own."
        in done.err
    )
    assert "fallback, smtp: almawja.example.org in From takes no mail" not in done.err  # told once, of both
    # A stand-in on this machine is no provider.
    zone.asked.clear()
    here(
        "-C", root, "send", "first", "--dry-run",
        more={"NASHRA_SENDGRID__KEY": "SG.none", "NASHRA_SENDGRID__HOST": "http://127.0.0.1:9"},
    )  # fmt: skip
    assert zone.asked == []


@pytest.mark.slow
def test_what_the_library_and_the_ledger_know(root: Path) -> None:
    path = write(root, HEAD)
    here("-C", root, "subscribers", "add", "reader@example.net")
    article = root.parent / "quay.html"
    article.write_text(
        "<html><head><title>مرسى الريحان يفتح رصيفه الجديد</title>"
        '<link rel="canonical" href="https://almawja.example.org/2026/11/quay/"></head>'
        "<body><article><h1>مرسى الريحان يفتح رصيفه الجديد</h1>"
        + "<p>تسلّم صيادو المدينة رصيفًا جديدًا بعد ثلاث سنوات من الأشغال الطويلة في الميناء القديم.</p>" * 3
        + "</article></body></html>",
        "utf-8",
    )
    assert here("-C", root, "collect", article).code == 0
    done = here("-C", root, "send", "first", "--yes")
    assert done.code == 0, done
    second = root / "issues" / "second" / "issue.md"
    second.parent.mkdir()
    second.write_text(HEAD.replace("number = 1", "number = 2"), "utf-8")
    done = here("-C", root, "check", "second", "--json")
    problems = {one["code"]: one for one in json.loads(done.out)["problems"]}
    assert set(problems) == {"subject-repeated", "story-sent-before"}
    assert "issue 1" in problems["story-sent-before"]["words"]
    assert problems["story-sent-before"]["place"] == f"{second}:13"
    # The same number again, with other stories, or in another folder.
    second.write_text(
        HEAD.replace("/quay/", "/rain/").replace("مرسى الريحان يفتح رصيفه", "المطر يعود إلى الوادي"), "utf-8"
    )
    done = here("-C", root, "check", second, "--json")
    assert {one["code"] for one in json.loads(done.out)["problems"]} == {"number-taken", "number-twice"}
    assert str(path) in done.out


@pytest.mark.slow
def test_the_demo_is_told_only_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.wiring import Workspace

    monkeypatch.setattr(Workspace, "now", lambda _: datetime(2026, 11, 24, 9, tzinfo=UTC))  # the sample's own week
    assert here("demo", tmp_path / "demo").code == 0
    done = here("-C", tmp_path / "demo", "check", "--json")
    assert {one["code"] for one in json.loads(done.out)["problems"]} <= {"postal-address-missing"}


def test_a_list_that_is_not_there(root: Path) -> None:
    code, problems = checked(root, HEAD.replace('list = "readers"', 'list = "raeders"'))
    assert code == 3
    assert [(one["code"], one["place"].rpartition(":")[2]) for one in problems] == [("list-unknown", "5")]
    assert "readers" in problems[0]["words"]


def test_templates_of_the_workspace_are_read(root: Path) -> None:
    path = root / "templates" / "email" / "weekly.mjml.j2"
    path.parent.mkdir(parents=True)
    path.write_text(
        '{% extends "shipped/email/weekly.mjml.j2" %}\n{% block footer %}\n{{ super() }}\n'
        '<mj-section padding="0 10px"><mj-column><mj-text>كلمة</mj-text></mj-column></mj-section>\n{% endblock %}\n',
        "utf-8",
    )
    _, problems = checked(root, HEAD)
    assert [(one["code"], one["place"]) for one in problems] == [("mjml-unitless", f"{path}:4")]


def test_publication_of_another_language_is_left_alone() -> None:
    about = Publication("The Wave", "https://example.org", language="fr", postal_address="14 quai du Port")
    story = Story(
        "« Le port » : un quai, enfin !",
        url="https://example.org/2026/quai",
        summary="Le maire l’a dit : « oui », puis non.",
    )
    issue = Issue(1, "La semaine au port", "Un quai, un livre", sections=(Section("À la une", (story,)),))
    assert check(issue, None, CheckContext(publication=about)) == []


def test_a_digest_that_would_be_cut_is_not_told_to_become_one(root: Path) -> None:
    story = (
        "\n### [خبر رقم {0}](https://almawja.example.org/{0})\n" + "نص طويل عن حياة المدينة وأهلها في هذا الأسبوع. " * 9
    )
    head = HEAD.replace('template = "weekly"', 'theme.style = "digest"')
    _, problems = checked(root, head + "".join(story.format(number) for number in range(120)))
    (problem,) = [one for one in problems if one["code"] == "letter-too-large"]
    assert "[theme] social" in problem["mend"]
