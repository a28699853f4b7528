"""An issue edited at the desk: saved whole, taken back, joined with what others write, and nobody's words lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from newsroom import SITE, START, Clock, WordPress, make, open_newsroom, posts

from newsletter.errors import IssueError, SourceError
from newsletter.issues.operations import parsed
from newsletter.issues.saving import write_whole
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import draft as drafts
from newsletter.workflows.collect import gather
from newsletter.workflows.editing import ConflictError, EditedIssue, apply, history, merge, open_issue

SLUG = "013"
TEXT = (
    "\ufeff+++\r\n"
    "number = 13\r\n"
    'subject = "رصيف جديد" # the subject\r\n'
    'list = "readers"\r\n'
    "+++\r\n"
    "\r\n"
    "أعزاءنا القراء.\r\n"
    "\r\n"
    "## أخبار\r\n"
    "\r\n"
    "<!-- the first one leads -->\n"
    "### [رصيف](https://example.org/quay)\r\n"
    "بعد ثلاث سنوات.\r\n"
    "\r\n"
    "### [مكتبة](https://example.org/library)\n"
    "تفتح ليلًا.\n"
    "\r\n"
    "## اقتصاد\r\n"
    "\r\n"
    "### [زيت](https://example.org/oil)\r\n"
    "موسم وفير.\r\n"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "w")


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Workspace]:
    root = Path(shutil.copytree(made, tmp_path / "w"))
    path = root / "issues" / SLUG / "issue.md"
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT.encode())
    with open_workspace(root, {}) as opened:
        yield opened


def file(workspace: Workspace) -> Path:
    return workspace.root / "issues" / SLUG / "issue.md"


def text(workspace: Workspace) -> str:
    return file(workspace).read_bytes().decode()


def line(workspace: Workspace, words: str) -> int:
    return next(n for n, one in enumerate(open_issue(workspace, SLUG).manuscript.lines, 1) if words in one)


def do(workspace: Workspace, etag: str, *, by: str = "سلمى", **asked: Any) -> EditedIssue:
    return apply(workspace, SLUG, etag, parsed(asked), by=by)


def written(workspace: Workspace, old: str, new: str) -> None:
    """What somebody does in a program of their own."""
    file(workspace).write_bytes(text(workspace).replace(old, new).encode())


def test_opening_writes_nothing_and_an_operation_is_saved_at_once(workspace: Workspace) -> None:
    first = open_issue(workspace, SLUG)
    assert sorted(one.name for one in file(workspace).parent.iterdir()) == ["issue.md"]
    after = do(workspace, first.etag, op="value", key="subject", value="ميناء")
    assert text(workspace) == TEXT.replace("رصيف جديد", "ميناء")
    assert after.etag == open_issue(workspace, SLUG).etag != first.etag
    assert (after.undo("سلمى"), after.undo("ليلى"), after.redo("سلمى")) == (1, 0, 0)
    assert (file(workspace).parent / ".desk" / ".gitignore").read_text() == "*\n"


def test_undo_to_the_start_gives_the_first_bytes_also_after_a_restart(workspace: Workspace) -> None:
    chance, clock = random.Random(7), Clock()
    workspace.now = clock  # type: ignore[method-assign]
    now = open_issue(workspace, SLUG)
    texts = [text(workspace)]
    for step in range(60):
        clock.forward(seconds=history.PAUSE / 1000)
        stories = [one.line for one in now.issue.stories] if now.issue is not None else []
        asked: dict[str, Any] = chance.choice(
            [
                {"op": "value", "key": "preheader", "value": f"سطر {step}"},
                {"op": "edit", "line": chance.choice(stories), "title": f"عنوان {step}", "summary": f"ملخص {step}"},
                {"op": "move", "line": chance.choice(stories), "section": chance.choice([0, "أخبار", "اقتصاد"])},
                {"op": "words", "line": 0, "text": f"كلمة {step}"},
            ]
        )
        now = do(workspace, now.etag, **asked)
        texts += [text(workspace)] if text(workspace) != texts[-1] else []
    steps = now.undo("سلمى")
    assert steps == len(texts) - 1 > 40
    with open_workspace(workspace.root, {}) as restarted:
        for before in reversed(texts[:-1]):
            now = do(restarted, open_issue(restarted, SLUG).etag, op="undo")
            assert text(workspace) == before
        assert text(workspace) == TEXT
        with pytest.raises(IssueError, match="nothing to take back"):
            do(restarted, now.etag, op="undo")
        for after in texts[1:]:
            now = do(restarted, now.etag, op="redo")
            assert text(workspace) == after
    assert now.undo("سلمى") == steps


def test_two_hundred_steps_are_kept_and_no_text_more(workspace: Workspace) -> None:
    now = open_issue(workspace, SLUG)
    for step in range(210 + history.MOST_OTHERS):
        key = ("subject", "preheader")[step % 2]
        now = do(workspace, now.etag, op="value", key=key, value=f"عنوان {step}")
    assert now.undo("سلمى") == 200
    assert len(list((file(workspace).parent / ".desk" / "undo").glob("*.md"))) <= 201 + history.MOST_OTHERS


def test_letters_typed_in_one_breath_are_one_step(workspace: Workspace) -> None:
    clock = Clock()
    workspace.now = clock  # type: ignore[method-assign]
    now = open_issue(workspace, SLUG)
    story = line(workspace, "رصيف](")
    written = []
    for word in ("مرفأ", "مرفأ صغير"):
        for end in range(1, len(word) + 1):
            clock.forward(seconds=0.2)
            now = do(workspace, now.etag, op="edit", line=story, title=word[:end])
        clock.forward(seconds=3)
        written.append(text(workspace))
    for end in range(1, 6):
        now = do(workspace, now.etag, op="edit", line=story, summary="ملخص"[:end])
    assert now.undo("سلمى") == 3
    for before in (written[1], written[0], TEXT):
        now = do(workspace, now.etag, op="undo")
        assert text(workspace) == before
    for _ in range(2):
        now = do(workspace, now.etag, op="redo")
    assert text(workspace) == written[1]
    # A pause is no end where a page goes on for longer than one wants to take back at once.
    for end in range(60):
        clock.forward(seconds=0.5)
        now = do(workspace, now.etag, op="value", key="subject", value="س" * (end + 1))
    assert now.undo("سلمى") == 4


def test_a_step_whose_last_letter_was_never_written_is_taken_back_whole(workspace: Workspace) -> None:
    now = open_issue(workspace, SLUG)
    now = do(workspace, now.etag, op="value", key="subject", value="م")
    kept = file(workspace).read_bytes()
    now = do(workspace, now.etag, op="value", key="subject", value="مي")
    file(workspace).write_bytes(kept)  # killed when the steps had been written, and the issue had not
    do(workspace, open_issue(workspace, SLUG).etag, op="undo")
    assert text(workspace) == TEXT


def test_another_place_is_joined_when_it_is_asked_for_and_asked_about_else(workspace: Workspace) -> None:
    seen = open_issue(workspace, SLUG)
    story = line(workspace, "### [رصيف]")
    written(workspace, "موسم وفير.", "موسم وفير جدًا.")
    asked: dict[str, Any] = {"op": "edit", "line": story, "summary": "بعد أربع سنوات."}
    with pytest.raises(ConflictError) as raised:
        do(workspace, seen.etag, **asked)
    conflict = raised.value.conflict
    assert (conflict.kind, conflict.etag) == ("apart", open_issue(workspace, SLUG).etag)
    after = merge(workspace, SLUG, conflict.etag, seen.etag, parsed(asked), "both", by="سلمى")
    assert after.merged
    assert text(workspace) == TEXT.replace("موسم وفير.", "موسم وفير جدًا.").replace("ثلاث", "أربع")


def test_what_another_page_of_the_desk_wrote_elsewhere_is_joined_by_itself(workspace: Workspace) -> None:
    seen = open_issue(workspace, SLUG)
    do(workspace, seen.etag, by="ليلى", op="section", do="move", line=line(workspace, "## اقتصاد"), before=9)
    after = do(workspace, seen.etag, op="edit", line=12, title="رصيف آخر")
    assert after.merged
    assert [one.headline for one in after.issue.stories] == ["زيت", "رصيف آخر", "مكتبة"]  # type: ignore[union-attr]
    assert after.at == line(workspace, "رصيف آخر")
    undone = do(workspace, after.etag, by="ليلى", op="undo")
    assert [one.headline for one in undone.issue.stories] == ["رصيف آخر", "مكتبة", "زيت"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("choice", "left"), [("mine", "بعد أربع سنوات."), ("theirs", "بعد خمس سنوات.")])
def test_the_same_place_is_shown_in_both_wordings_and_one_is_chosen(
    workspace: Workspace, choice: str, left: str
) -> None:
    seen = open_issue(workspace, SLUG)
    asked: dict[str, Any] = {"op": "edit", "line": line(workspace, "### [رصيف]"), "summary": "بعد أربع سنوات."}
    do(workspace, seen.etag, by="ليلى", op="edit", line=asked["line"], summary="بعد خمس سنوات.")
    with pytest.raises(ConflictError) as raised:
        do(workspace, seen.etag, **asked)
    conflict = raised.value.conflict
    assert (conflict.kind, conflict.about) == ("same", "رصيف")
    assert [one.split("\n")[1] for one in (conflict.base, conflict.mine, conflict.theirs)] == [
        "بعد ثلاث سنوات.",
        "بعد أربع سنوات.",
        "بعد خمس سنوات.",
    ]
    merge(workspace, SLUG, conflict.etag, seen.etag, parsed(asked), choice, by="سلمى")  # type: ignore[arg-type]
    assert text(workspace) == TEXT.replace("بعد ثلاث سنوات.", left)


def test_headline_and_summary_of_one_story_are_two_things(workspace: Workspace) -> None:
    seen = open_issue(workspace, SLUG)
    at = line(workspace, "### [رصيف]")
    do(workspace, seen.etag, by="ليلى", op="edit", line=at, title="رصيف جديد للصيد")
    after = do(workspace, seen.etag, op="edit", line=at, summary="بعد أربع سنوات.")
    assert after.merged
    assert text(workspace) == TEXT.replace("### [رصيف]", "### [رصيف جديد للصيد]").replace("ثلاث", "أربع")
    # Whoever comes with the same words changes nothing, and is asked nothing.
    same = do(workspace, seen.etag, op="edit", line=at, title="رصيف جديد للصيد", summary="بعد أربع سنوات.")
    assert same.etag == after.etag


@pytest.mark.parametrize(
    ("mine", "theirs", "both"),
    [
        ("بعد أربع سنوات.", "وأخيرًا بعد ثلاث سنوات.", "وأخيرًا بعد أربع سنوات."),
        ("بعد أربع سنوات.", "بعد خمس سنوات.", "بعد خمس سنوات.\n\nبعد أربع سنوات."),
    ],
    ids=["other words", "the same word"],
)
def test_both_wordings_of_a_field_can_be_kept(workspace: Workspace, mine: str, theirs: str, both: str) -> None:
    seen = open_issue(workspace, SLUG)
    asked: dict[str, Any] = {"op": "edit", "line": line(workspace, "### [رصيف]"), "summary": mine}
    do(workspace, seen.etag, by="ليلى", op="edit", line=asked["line"], summary=theirs)
    with pytest.raises(ConflictError) as raised:
        do(workspace, seen.etag, **asked)
    (field,) = raised.value.conflict.fields
    assert (field.name, field.base, field.mine, field.theirs) == ("summary", "بعد ثلاث سنوات.", mine, theirs)
    assert field.both == both
    merge(workspace, SLUG, raised.value.conflict.etag, seen.etag, parsed(asked), "both", by="سلمى")
    assert text(workspace) == TEXT.replace("بعد ثلاث سنوات.", both.replace("\n", "\r\n"))


def test_a_subject_that_both_changed_is_asked_about(workspace: Workspace) -> None:
    seen = open_issue(workspace, SLUG)
    written(workspace, "رصيف جديد", "زيت أرخص")
    with pytest.raises(ConflictError) as raised:
        do(workspace, seen.etag, op="value", key="subject", value="ميناء")
    conflict = raised.value.conflict
    assert (conflict.kind, conflict.about) == ("same", "subject")
    assert (conflict.base, conflict.mine, conflict.theirs) == ("رصيف جديد", "ميناء", "زيت أرخص")


def test_what_somebody_took_away_comes_back_when_its_words_are_wanted(workspace: Workspace) -> None:
    seen = open_issue(workspace, SLUG)
    asked = parsed({"op": "edit", "line": line(workspace, "### [مكتبة]"), "summary": "تفتح كل ليلة."})
    do(workspace, seen.etag, by="ليلى", op="drop", line=line(workspace, "### [مكتبة]"))
    with pytest.raises(ConflictError) as raised:
        apply(workspace, SLUG, seen.etag, asked, by="سلمى")
    conflict = raised.value.conflict
    assert conflict.kind == "gone"
    after = merge(workspace, SLUG, conflict.etag, seen.etag, asked, "mine", by="سلمى")
    assert [one.summary for one in after.issue.sections[0].stories][1:] == ["تفتح كل ليلة."]  # type: ignore[union-attr]


def test_a_text_that_nobody_has_any_more_is_no_reason_to_guess(workspace: Workspace) -> None:
    with pytest.raises(ConflictError) as raised:
        do(workspace, "0" * 64, op="drop", line=12)
    assert raised.value.conflict.kind == "unknown"
    assert text(workspace) == TEXT


def test_a_file_that_cannot_be_understood_shows_its_line_and_takes_its_mend(workspace: Workspace) -> None:
    written(workspace, '"رصيف جديد" #', '"رصيف جديد #')
    seen = open_issue(workspace, SLUG)
    assert seen.issue is None
    assert seen.broken is not None
    assert (seen.broken.line, seen.broken.text) == (3, 'subject = "رصيف جديد # the subject')
    assert "a text ends with the mark" in seen.broken.error.mend
    with pytest.raises(IssueError, match="not valid TOML"):
        do(workspace, seen.etag, op="drop", line=12)
    after = do(workspace, seen.etag, op="line", line=3, text='subject = "رصيف جديد" # the subject')
    assert after.broken is None
    assert text(workspace) == TEXT


def test_a_file_that_is_no_utf_8_is_mended_in_its_line_and_stays_else(workspace: Workspace) -> None:
    raw = TEXT.encode().replace("موسم".encode(), "موسم".encode("cp1256"))
    file(workspace).write_bytes(raw)
    seen = open_issue(workspace, SLUG)
    assert seen.broken is not None
    assert (seen.broken.line, seen.broken.error.what) == (21, "is not UTF-8 text")
    do(workspace, seen.etag, op="line", line=21, text="موسم وفير.")
    assert text(workspace) == TEXT


def test_a_file_that_is_gone_is_said_with_where_its_words_are(workspace: Workspace) -> None:
    seen = do(workspace, open_issue(workspace, SLUG).etag, op="value", key="subject", value="ميناء")
    file(workspace).unlink()
    calls: tuple[Callable[[], object], ...] = (
        lambda: open_issue(workspace, SLUG),
        lambda: do(workspace, seen.etag, op="drop", line=12),
    )
    for call in calls:
        with pytest.raises(IssueError, match="is not there any more") as raised:
            call()
        kept = Path(raised.value.mend.rpartition(" ")[2])
        assert kept.read_bytes().decode() == TEXT.replace("رصيف جديد", "ميناء")
    with pytest.raises(IssueError, match="not there any more"):
        apply(workspace, "014", seen.etag, parsed({"op": "undo"}))
    assert not (workspace.root / "issues" / "014").exists()


def test_a_full_disk_loses_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = open_issue(workspace, SLUG)
    real = os.fsync

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("newsletter.issues.saving.os.fsync", full)
    with pytest.raises(IssueError, match=r"cannot be written \(No space left on device\)"):
        do(workspace, seen.etag, op="value", key="subject", value="ميناء")
    monkeypatch.setattr("newsletter.issues.saving.os.fsync", real)
    assert text(workspace) == TEXT
    assert sorted(one.name for one in file(workspace).parent.iterdir()) == [".desk", "issue.md"]
    after = do(workspace, seen.etag, op="value", key="subject", value="ميناء")
    assert after.undo("سلمى") == 1


def test_a_disk_that_is_really_full(workspace: Workspace, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "small", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root can make a small disk")
    try:
        folder = file(workspace).parent
        shutil.copytree(folder, small / SLUG)
        shutil.rmtree(folder)
        folder.symlink_to(small / SLUG)
        now, full = open_issue(workspace, SLUG), ""
        for step in range(100):
            try:
                now = do(workspace, now.etag, op="words", line=0, text=f"{step} " + "كلمة " * 2000)
            except IssueError as error:
                full = error.what
                break
        assert full == "cannot be written (No space left on device)"
        assert open_issue(workspace, SLUG).etag == now.etag
        assert open_issue(workspace, SLUG).issue is not None
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_folder_that_takes_no_steps_saves_all_the_same_and_says_so(workspace: Workspace) -> None:
    (file(workspace).parent / ".desk").write_text("in the way", "utf-8")
    after = do(workspace, open_issue(workspace, SLUG).etag, op="value", key="subject", value="ميناء")
    assert "cannot be taken back" in after.notice
    assert text(workspace) == TEXT.replace("رصيف جديد", "ميناء")


def test_an_article_of_the_library_comes_into_its_section(made: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(made, tmp_path / "w"))
    clock = Clock(START)
    clock.forward(days=6)
    with open_newsroom(root, clock, WordPress(posts(6, 5), clock)) as workspace:
        gather(workspace, [SITE])
        slug = drafts.write(workspace, [1, 2], list_name="readers").slug
        seen = open_issue(workspace, slug)
        after = apply(workspace, slug, seen.etag, parsed({"op": "add", "article": 5}), by="سلمى")
        assert after.issue is not None
        assert len(after.issue.stories) == 3
        there = next(one for one in after.issue.stories if one.line == after.at)
        assert there.headline.startswith("خبر المدينة رقم")
        out = apply(workspace, slug, after.etag, parsed({"op": "drop", "line": after.at}), by="سلمى")
        assert out.candidates is not None
        assert there.headline in [one.headline for one in out.candidates.stories]
        with pytest.raises(SourceError, match="the library holds no article 999"):
            apply(workspace, slug, out.etag, parsed({"op": "add", "article": 999}))


def test_a_problem_is_mended_in_its_line_alone(workspace: Workspace) -> None:
    written(workspace, "تفتح ليلًا.", "تفتح ليلًا, كل يوم.")
    written(workspace, "موسم وفير.", "موسم, وفير.")
    seen, at = open_issue(workspace, SLUG), line(workspace, "كل يوم")
    after = do(workspace, seen.etag, op="fix", code="punctuation-latin", line=at)
    assert text(workspace) == TEXT.replace("تفتح ليلًا.", "تفتح ليلًا، كل يوم.").replace("موسم وفير.", "موسم, وفير.")
    with pytest.raises(IssueError, match="cannot be mended by itself"):
        do(workspace, after.etag, op="fix", code="punctuation-latin", line=at)


def test_two_writers_lose_no_word_of_two_hundred(workspace: Workspace) -> None:
    """One edits one story, one another, both the opening words by turns; each goes on from what it saw last."""
    stories = {"سلمى": "https://example.org/quay", "ليلى": "https://example.org/oil"}
    said: dict[str, list[str]] = {name: [] for name in stories}
    troubles: list[BaseException] = []

    def write(name: str) -> None:
        chance = random.Random(name)
        now = open_issue(workspace, SLUG)
        try:
            for step in range(100):
                time.sleep(chance.random() * 0.004)
                assert now.issue is not None
                story = next(one for one in now.issue.stories if one.url == stories[name])
                words = f"{story.summary} {name}{step}".removeprefix(" ")
                asked = parsed({"op": "edit", "line": story.line, "summary": words})
                now = apply(workspace, SLUG, now.etag, asked, by=name)
                said[name].append(f"{name}{step}")
        except BaseException as error:
            troubles.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in stories]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert troubles == []
    words = text(workspace).split()
    for name, row in said.items():
        assert len(row) == 100
        assert [one for one in words if one.startswith(name)] == row
    now = open_issue(workspace, SLUG)
    while now.undo("سلمى"):
        now = do(workspace, now.etag, op="undo")
    assert not [one for one in text(workspace).split() if one.startswith("سلمى")]
    assert [one for one in text(workspace).split() if one.startswith("ليلى")] == said["ليلى"]


def test_another_program_that_writes_at_that_moment_is_not_written_over(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = open_issue(workspace, SLUG)
    real, times = write_whole, list[int]()

    def late(path: Path, raw: bytes, read_as: bytes | None) -> None:
        if not times:
            times.append(1)
            written(workspace, "موسم وفير.", "موسم وفير جدًا.")
        real(path, raw, read_as)

    monkeypatch.setattr("newsletter.workflows.editing.changing.write_whole", late)
    with pytest.raises(ConflictError) as raised:
        do(workspace, seen.etag, op="value", key="subject", value="ميناء")
    assert raised.value.conflict.kind == "apart"
    assert text(workspace) == TEXT.replace("موسم وفير.", "موسم وفير جدًا.")


WRITER = """
import sys
from pathlib import Path
from newsletter.issues.operations import parsed
from newsletter.issues.saving import write_whole
from newsletter.wiring import open_workspace
from newsletter.workflows.editing import apply, open_issue
with open_workspace(Path(sys.argv[1]), {}) as workspace:
    now = open_issue(workspace, "013")
    for step in range(100000):
        asked = parsed({"op": "words", "line": 0, "text": "كلمة " * (step % 50) + f"رقم {step}"})
        now = apply(workspace, "013", now.etag, asked, by="سلمى")
        print(step, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_process_loses_nothing_that_was_saved(workspace: Workspace, seed: int) -> None:
    command = [sys.executable, "-c", WRITER, str(workspace.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        for _ in range(5 + seed):
            last = process.stdout.readline()
        time.sleep(0.002 * seed)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
    saved = int(rest[-1] if rest else last)
    now = open_issue(workspace, SLUG)
    assert now.issue is not None
    assert any(f"رقم {step}" in text(workspace) for step in (saved, saved + 1))
    while now.undo("سلمى"):
        try:
            now = do(workspace, now.etag, op="undo")
        except IssueError:
            break
    assert text(workspace) == TEXT
