"""The command line in Arabic: the whole weekly journey, what it asks and refuses, and nothing of it left in English."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from babel.messages.pofile import read_po
from command import ROOT, Done, here, make_workspace
from spoken_patterns import patterns, refusals, unmarked

from newsletter.cli import cells, main, output, speaking
from newsletter.desk.complaints import told_of
from newsletter.errors import IssueError, NashraError
from newsletter.text.sentences import counted, joined, said

LOCALES = ROOT / "templates" / "locale"
NOT_TOLD = frozenset({"api", "desk", "__init__.py", "__pycache__"})
"""What speaks to programs, and what has a language of its own."""
ISOLATES = re.compile("[\u2066-\u2069]")
ONE_PIECE = re.compile("\u2066[^\u2066-\u2069]*\u2069")
"""What reads from the left in a line from the right: a command, a path, an address, a name."""
ARABIC = re.compile("[\u0621-\u064a]")
ENGLISH = re.compile(r"[A-Za-z][A-Za-z'-]+")
NAMES = frozenset(["readers", "outbox", "newsletter", "toml", "email", "csv", "CET", "UTC", "html", "txt", "md"])


@pytest.fixture
def arabic() -> Iterator[None]:
    speaking.choose(["--lang", "ar"], {})
    yield
    speaking.choose([], {})


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("arabic") / "w")


def arabic_command(*arguments: str | Path, code: int = 0) -> Done:
    done = here("--lang", "ar", *arguments)
    assert done.code == code, done
    for line in done.err.splitlines():
        no_english(line)
    return done


def no_english(line: str) -> None:
    """What stands outside the pieces that read from the left is Arabic, and every isolate is closed."""
    assert cells.balanced(line), line
    assert ARABIC.search(line), line
    left = ENGLISH.findall(ONE_PIECE.sub("", line))
    assert [word for word in left if word not in NAMES] == [], line
    # A sentence in English is no name, wherever it stands.
    for piece in ONE_PIECE.findall(line):
        assert not re.search(r"(?<=[ \u2066])(?:the|is|was|are|of|for|not|with|this|there) ", piece), line


def test_the_weekly_journey_speaks_arabic_from_init_to_report(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    text = tmp_path / "article.txt"
    text.write_text("الميناء القديم يفتح أبوابه\nعادت السفن إلى الرصيف بعد عام من الأشغال.\n", "utf-8")
    people = tmp_path / "people.csv"
    people.write_text("email\nleila@example.net\nnadia@example.net\nnobody\nleila@example.net\n", "utf-8")
    site = ("--url", "https://example.org", "--web", "https://news.example.org")
    there = arabic_command("init", folder, "--name", "الموجة", *site, "--timezone", "Africa/Algiers")
    assert "أُنشئ مجلد العمل" in there.err
    run = ("-C", folder)
    assert "لا مواد بعد" in arabic_command(*run, "articles").err
    told = arabic_command(*run, "collect", text, tmp_path / "missing.txt").err
    assert "أُضيف: مقال واحد." in told
    assert "لا ملف بهذا الاسم" in told
    assert "معروف من قبل: 1." in arabic_command(*run, "collect", text).err
    assert "العدد 1، فيه: قصة واحدة." in arabic_command(*run, "compose").err
    arabic_command(*run, "check")
    arabic_command(*run, "preview")
    told = arabic_command(*run, "subscribers", "import", people, "--dry-run").err
    assert "سيُضاف إلى القائمة «\u2066readers\u2069»: مشتركان" in told
    assert "ليس فيه" in told
    assert "أُضيف إلى القائمة" in arabic_command(*run, "subscribers", "import", people, "--consent", "نموذج").err
    assert "مشترك واحد" in arabic_command(*run, "subscribers", "add", "amal@example.net", "--consent", "هاتف").err
    assert "تمت الموافقة" in arabic_command(*run, "approve", "1", "--yes").err
    assert "3 مشتركين" in arabic_command(*run, "send", "1", "--dry-run").err
    assert "لا أحد هنا ليُسأل" in arabic_command(*run, "send", "1", code=5).err
    assert "رسالة تجربة" in arabic_command(*run, "send", "1", "--test", "me@example.org").err
    assert "سُلّمت 3 رسائل" in arabic_command(*run, "send", "1", "--yes").err
    assert "من قبل" in arabic_command(*run, "send", "1").err
    assert "وقد أُرسل وحده" in arabic_command(*run, "weekly", "--yes", code=5).err
    assert "لا جديد" in arabic_command(*run, "weekly", "--again", "--yes", code=5).err
    assert "مقال واحد" in arabic_command(*run, "latest", "--rhythm", "daily", "--dry-run").err
    assert "الجمهور 3" in arabic_command(*run, "report").err
    assert "لا شيء يحتاج إلى أحد" in arabic_command(*run, "status").err
    assert "سليم" in arabic_command(*run, "doctor", "--offline").err
    assert "من الملفات" in arabic_command(*run, "publish", "--to", "files", "--out", tmp_path / "pub").err


def test_a_week_in_one_command_speaks_arabic(room: Path) -> None:
    told = arabic_command("-C", room, "weekly", "--draft").err
    assert "مسودة" in told
    assert "(أسبوعيًا 3)" in told
    assert "سُلّمت 3 رسائل" in arabic_command("-C", room, "weekly", "--yes").err
    assert "أُرسل هذا الأسبوع من قبل" in arabic_command("-C", room, "weekly", "--yes").err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("send", "99"), 1, "لا عدد بهذا الاسم"),
        (("compose", "--list", "none"), 1, "لا قائمة بالاسم"),
        (("compose", "77"), 1, "لا مقال بالرقم"),
        (("send", "--at", "2020-01-01 10:00"), 1, "مضى"),
        (("send", "--at", "soon"), 1, "ليس موعدًا"),
        (("subscribers", "add", "bad@"), 1, "ليس عنوان بريد"),
        (("subscribers", "add", "me@example.org، you@example.org"), 1, "فيه أكثر من"),
        (("subscribers", "add", "me@example.org،"), 1, "فيه فاصلة"),
        (("subscribers", "import", "--undo", "abcdefgh"), 1, "لا استيراد بهذا الاسم"),
        (("publish", "--to", "wordpress"), 1, "لا موقع"),
        (("publish", "--to", "files"), 1, "لم يُسمَّ مجلد"),
        (("init", ".", "--name", "س", "--url", "https://example.org"), 1, "هذا مجلد عمل من قبل"),
    ],
)
def test_what_cannot_be_done_is_said_in_arabic_with_the_way_on(
    room: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, words: str
) -> None:
    monkeypatch.chdir(room)
    last = arabic_command("-C", room, *arguments, code=code).err.splitlines()[-1]
    assert last.startswith("خطأ: ")
    assert words in last


@pytest.mark.parametrize(
    ("below", "mend"),
    [
        ("", "ادخل مجلد نشرتك بالأمر \u2066cd\u2069، أو ابدأ نشرة جديدة: \u2066newsletter init\u2069"),
        ("almawja", "ادخل مجلد نشرتك أولًا: \u2066cd almawja\u2069"),
        ("my paper", "ادخل مجلد نشرتك أولًا: \u2066cd 'my paper'\u2069"),
    ],
)
def test_whoever_forgot_to_go_into_the_folder_is_told_which(tmp_path: Path, below: str, mend: str) -> None:
    if below:
        (tmp_path / below).mkdir()
        (tmp_path / below / "newsletter.toml").write_text("", "utf-8")
    assert arabic_command("-C", tmp_path, "collect", code=1).err.rstrip().endswith(mend)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "newsletter.toml:19: [collect] is here a second time, first in line 16; "
            "put what is below both under one [collect] and delete the other",
            "مرة ثانية",
        ),
        ("newsletter.toml:3: url is here a second time, first in line 2; keep one of the two lines", "أبق أحد السطرين"),
        ('if it is your own, set allow_private_hosts = ["10.0.0.7"] under [collect]', "إن كان لك"),
    ],
)
@pytest.mark.usefixtures("arabic")
def test_a_slip_in_the_settings_is_told_in_arabic(text: str, words: str) -> None:
    told = speaking.told(text)
    assert words in told
    no_english(told)


def test_english_stays_where_nothing_asks_for_another_language_and_data_is_never_translated(room: Path) -> None:
    english = here("-C", room, "status")
    assert english.err.endswith("Nothing needs a person.\n")
    for command in (("articles", "--json"), ("report", "--json"), ("status", "--json"), ("articles",), ("report",)):
        plain, spoken = here("-C", room, *command), here("--lang", "ar", "-C", room, *command)
        assert re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+|[\d.]+", "", plain.out) == re.sub(
            r"\d{4}-\d\d-\d\dT[\d:.+]+|[\d.]+", "", spoken.out
        )
        assert plain.code == spoken.code


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "ar_DZ.UTF-8"}, "ar"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "ar_EG.UTF-8"}, "ar"),
        ({"LANG": "ar_DZ.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr:ar:en"}, "ar"),
        ({"LANG": "ar", "LANGUAGE": "de"}, "en"),
        ({"LANGUAGE": "", "LANG": "ar@latin"}, "ar"),
    ],
)
def test_the_language_is_that_of_the_environment_as_gettext_reads_it(variables: dict[str, str], language: str) -> None:
    assert speaking.of_environment(variables) == language


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (("--lang", "ar", "send"), "ar"),
        (("--lang=ar_DZ", "send"), "ar"),
        (("-C", "--lang", "send", "--lang", "ar"), ""),
        (("send", "--lang", "ar"), ""),
        (("--lang", "xx"), ""),
    ],
)
def test_lang_stands_before_the_command(arguments: tuple[str, ...], language: str) -> None:
    assert speaking.asked_for(arguments) == language


def test_another_language_is_refused_with_those_there_are(room: Path) -> None:
    done = here("--lang", "de", "-C", room, "status")
    assert done.code == 2
    assert "--lang takes en or ar, not 'de'" in done.err


@pytest.mark.parametrize("answer", ["yes", "Y", "نعم", " ن "])
def test_yes_is_a_yes_in_any_language(answer: str) -> None:
    assert output.is_yes(answer)
    assert not output.is_no(answer)


@pytest.mark.parametrize("answer", ["no", "N", "لا"])
def test_no_is_a_no_in_any_language(answer: str) -> None:
    assert output.is_no(answer)
    assert not output.is_yes(answer)


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "لا مقالات"), (1, "مقال واحد"), (2, "مقالان"), (3, "3 مقالات"), (11, "11 مقالًا"), (100, "100 مقال")],
)
@pytest.mark.usefixtures("arabic")
def test_a_count_has_its_six_forms(number: int, words: str) -> None:
    assert speaking.told(output.plural(number, "article")) == words
    assert str(output.plural(number, "article")) == (f"{number} article" if number == 1 else f"{number} articles")


@pytest.mark.usefixtures("arabic")
def test_parts_are_isolated_and_never_looked_into() -> None:
    line = speaking.told(said("note: «{headline}» was taken out of the draft", headline="Air {line} `x` تعلن"))
    assert "Air {line} `x`" in ISOLATES.sub("", line)
    assert cells.balanced(line)
    assert speaking.told(said("Next: cd {folder}, then: newsletter collect {url}/", folder="/a", url="u")) == (
        "التالي: \u2066cd /a\u2069 ثم: \u2066newsletter collect u/\u2069"
    )


@pytest.mark.usefixtures("arabic")
def test_what_is_data_stays_though_the_catalogue_has_a_sentence_of_its_words() -> None:
    """A list's title, for example; what the code says for itself has one of the names for that."""
    same = "Nothing changed."
    line = said("'{before}' is now '{name}', «{title}».", before="readers", name="sport", title=same)
    assert f"\u2066{same}\u2069" in speaking.told(line)
    assert f"\u2066{same}\u2069" in speaking.told(joined([said("{name}", name=same), said("sent")], ", "))
    assert speaking.told(said("note: {line}", line=same)) == "ملاحظة: لم يتغيّر شيء."


@pytest.mark.usefixtures("arabic")
def test_sentences_stay_sentences_when_they_are_put_together() -> None:
    line = said("Nothing sent.") + " " + said("Nothing changed.")
    assert line == "Nothing sent. Nothing changed."
    assert speaking.told(line) == "لم يُرسل شيء. لم يتغيّر شيء."
    assert speaking.told(joined([counted("{n} article", "{n} articles", 2), said("sent")], ", ")) == "مقالان، أُرسل"
    assert speaking.told(joined(["Nothing sent.", "Nothing changed."], ", ")) == "لم يُرسل شيء.، لم يتغيّر شيء."


@pytest.mark.usefixtures("arabic")
def test_a_complaint_that_the_desk_has_words_for_is_told_in_them() -> None:
    (line,) = speaking.complaint_lines(IssueError("number must be 1 or more", where="issue.md:2"))
    assert "رقم العدد" in speaking.told(line)
    both = NashraError("there is no such folder", others=(NashraError("is not UTF-8 text", where="a.toml"),))
    assert [speaking.told(line) for line in speaking.complaint_lines(both)] == [
        "لا مجلد بهذا الاسم",
        "\u2066a.toml\u2069: ليس نصًا بترميز \u2066UTF-8\u2069",
    ]


@pytest.mark.parametrize("answer", ["نعم", "yes"])
def test_a_question_is_asked_in_arabic_and_its_answer_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, room: Path
) -> None:
    people = tmp_path / "p.csv"
    people.write_text(f"email\n{'a' if answer == 'yes' else 'b'}@example.net\n", "utf-8")
    asked: list[str] = []

    def type_in(question: str, **_: object) -> str:
        asked.append(question)
        return answer

    monkeypatch.setattr("typer.prompt", type_in)
    with mock.patch.object(output, "on_terminal", return_value=True):
        arabic_command("-C", room, "subscribers", "import", people, "--ask")
    assert asked == ["اكتب «نعم» ليُسألوا:"]


def catalogue() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in speaking.CATALOGUES:
        with (LOCALES / "ar" / f"{name}.po").open("rb") as file:
            for one in read_po(file):
                if one.id:
                    key = one.id if isinstance(one.id, str) else one.id[0]
                    found[key] = (one.string,) if isinstance(one.string, str) else tuple(one.string)
    return found


def test_every_sentence_of_a_command_has_its_arabic() -> None:
    known, asked = catalogue(), patterns("newsletter/cli")
    assert len(asked) > 700
    missing = {
        f"{where}: {one}"
        for (one, _), where in asked.items()
        if one not in known and re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", one))
    }
    assert missing == set()
    assert unmarked("newsletter/cli") == []


def test_every_refusal_of_the_house_has_its_arabic() -> None:
    """The names of parts count for nothing here: what is put together in code is found by its words."""

    def bare(text: str) -> str:
        return re.sub(r"\{\w*\}", "{}", text)

    known = {bare(one) for one in catalogue()}
    places = [path for path in sorted((ROOT / "newsletter").iterdir()) if path.name not in NOT_TOLD]
    found = refusals(*(f"newsletter/{one.name}" for one in places if one.suffix in ("", ".py")), "subscribers")
    assert len(found) > 800
    missing = {
        f"{where}: {one}"
        for one, where in found.items()
        if bare(one) not in known
        and re.search("[A-Za-z]", re.sub(r"\{\w*\}", "", one))
        and told_of(re.sub(r"\{\w*\}", "7", one)) is None
    }
    assert missing == set()


def test_every_text_of_the_catalogue_is_said_in_arabic_with_its_parts() -> None:
    with (LOCALES / "ar" / "cli.po").open("rb") as file:
        for one in read_po(file):
            if not one.id:
                continue
            key, forms = (one.id, [one.string]) if isinstance(one.id, str) else (one.id[-1], list(one.string))
            assert all(forms), one.id
            assert len(forms) in (1, 6), one.id
            wanted = sorted(re.findall(r"\{\w+\}", str(key)))
            assert sorted(set(re.findall(r"\{\w+\}", str(forms[-1])))) == sorted(set(wanted)), one.id
            for said_in in map(str, forms):
                assert said_in.count("`") % 2 == 0, said_in
                assert not ISOLATES.search(said_in), said_in
                assert not re.search("[\u0660-\u0669]", said_in), said_in
                bare = re.sub(r"`[^`]*`|\{\w+\}|WordPress", "", said_in)
                assert not re.search("[A-Za-z]{2,}", bare), said_in


def test_what_is_pasted_from_a_terminal_is_what_was_meant(room: Path) -> None:
    """A terminal copies the signs that stand around a command with it."""
    assert speaking.typed(["\u2066send", "12\u2069", "--name", "\u2067اسم\u2069"]) == [
        *("send", "12", "--name"),
        "\u2067اسم\u2069",
    ]
    assert here("-C", room, "\u2066check", "1\u2069").out == here("-C", room, "check", "1").out


def at_terminal(width: int, *arguments: str | Path) -> list[str]:
    """Every line that somebody at a terminal sees of a command in Arabic, questions too; they answer no."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(3)]
    for stream in streams:
        stream.isatty = lambda: True  # type: ignore[method-assign]
    asked: list[str] = []

    def answer(question: str, **_: object) -> str:
        asked.append(question)
        return "لا"

    with (
        mock.patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]),
        mock.patch.object(sys, "argv", ["newsletter", "--lang", "ar", *map(str, arguments)]),
        mock.patch.dict("os.environ", {"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "xterm"}),
        mock.patch("typer.prompt", answer),
        contextlib.suppress(SystemExit),
    ):
        try:
            main()
        finally:
            speaking.choose([], {})
            for stream in streams[1:]:
                stream.flush()
    seen = "\n".join(stream.buffer.getvalue().decode("utf-8") for stream in streams[1:])  # type: ignore[attr-defined]
    lines = re.sub("\x1b\\[[0-9;]*m", "", seen).splitlines()
    # Bars are drawn over and over, and go away.
    return [*asked, *(line for line in lines if "\x1b" not in line and "\r" not in line and "━" not in line)]


def test_at_a_terminal_every_line_of_the_journey_is_whole(tmp_path: Path) -> None:
    """As wide as the terminal at most, every isolate closed on its line: tables and questions too."""
    folder, text = tmp_path / "w", tmp_path / "article.txt"
    text.write_text(f"{'الميناء القديم يفتح أبوابه من جديد أمام سفن OpenTide 2.1 ' * 3}\nعادت السفن.\n", "utf-8")
    people = tmp_path / "people.csv"
    people.write_text("email\nleila@example.net\nnadia@example.net\n", "utf-8")
    site = ("--url", "https://example.org", "--web", "https://news.example.org", "--timezone", "Africa/Algiers")
    run = ("-C", folder)
    both, wide, narrow = (80, 120), (120,), (80,)
    commands: list[tuple[tuple[int, ...], tuple[str | Path, ...]]] = [
        (narrow, ()),
        (wide, ("init", folder, "--name", "الموجة", *site)),
        (narrow, run),
        (narrow, (*run, "collect", text, tmp_path / "missing.txt")),
        (both, (*run, "articles")),
        (wide, (*run, "compose")),
        (narrow, (*run, "check")),
        (wide, (*run, "subscribers", "import", people, "--consent", "نموذج")),
        (both, (*run, "send", "1")),
        (narrow, (*run, "send", "1", "--yes")),
        (both, (*run, "weekly")),
        (both, (*run, "report")),
        (both, (*run, "status")),
        (both, (*run, "doctor", "--offline")),
        (narrow, (*run, "sends", "list")),
        (wide, (*run, "sends", "show", "1")),
        (narrow, (*run, "sends", "show", "99")),
        (narrow, (*run, "lists")),
        (both, (*run, "deliverability")),
        (narrow, (*run, "subscribers", "show", "leila@example.net")),
    ]
    for widths, command in commands:
        for width in widths:
            with contextlib.chdir(tmp_path):
                lines = at_terminal(width, *command)
            assert any(ARABIC.search(line) for line in lines), command
            for line in lines:
                assert cells.balanced(line), line
                assert cells.width(line.rstrip()) <= width, line
                assert line[:1] not in ("\u2066", "\u2067", "\u2068"), line  # lost there in VTE and tmux
                assert not re.search(r"\b(?:[A-Za-z]{2,} ){3,}", line.replace("newsletter", "")), line


@pytest.mark.usefixtures("arabic")
def test_a_name_and_the_number_behind_it_are_one_piece() -> None:
    line = speaking.told(said("note: {line}", line=said("{name} {count}", name="Python", count="3.11.7")))
    assert line == "ملاحظة: \u2066Python 3.11.7\u2069"


def test_a_column_keeps_its_name_though_it_is_a_word_of_the_catalogue(room: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("email,note,open\namal@example.net,x,y\n", "utf-8")
    told = arabic_command("-C", room, "subscribers", "import", people, "--dry-run", "--consent", "نموذج").err
    assert "عمودان: \u2066note\u2069، \u2066open\u2069." in told
