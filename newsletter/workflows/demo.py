"""The whole journey on built-in sample articles: a workspace, an issue, a letter in the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter import delivery, library
from newsletter.check import has_errors
from newsletter.errors import SendError, WorkspaceError
from newsletter.sources.collect import collect
from newsletter.text.sentences import counted, said
from newsletter.text.toml_editing import TomlPath, TomlValue
from newsletter.wiring import open_workspace
from newsletter.workflows import draft, plan
from newsletter.workflows import preview as previews
from newsletter.workspace import folder
from newsletter.workspace.config import FILE
from newsletter.workspace.settings_file import SettingsFile
from subscribers import actions, store

SAMPLE = Path(__file__).resolve().parents[1] / "sample"
NAME = "الموجة"
SITE = "https://almawja.example.org"
FACE: Mapping[TomlPath, TomlValue] = {
    ("letter", "tagline"): "صحيفة الساحل: خبرٌ يُقرأ على مهل، كل سبت",
    ("letter", "hijri"): True,
    ("theme", "second"): "#b4531f",
    ("theme", "editor"): "سارة بن علي",
    ("theme", "role"): "رئيسة التحرير",
}
"""What the newsroom has set beyond what a new workspace says."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Where everything is after a demo."""

    number: int
    issue: Path
    html: Path
    text: Path
    outbox: Path
    letters: int


def run(directory: Path, tell: Callable[[str], None]) -> DemoResult:
    """Make a workspace in ``directory`` and send its first issue into its outbox.

    Args:
        directory: The folder to make; it must not be a workspace already.
        tell: Told one line for each step.

    Raises:
        WorkspaceError: There is a workspace already.
    """
    if (directory / FILE).exists():
        raise WorkspaceError(
            "this is a workspace already", where=str(directory), mend="choose another folder: newsletter demo DIR"
        )
    folder.make(
        directory,
        name=NAME,
        url=SITE,
        sender=f"نشرة {NAME} <news@almawja.example.org>",
        web="https://news.almawja.example.org",
        language="ar",
        timezone="Africa/Algiers",
        pictures="inline",  # nobody serves these pages, and its letters are to be looked at
    )
    SettingsFile.read(directory).changed(FACE).save({})
    tell(said("Made the workspace {directory}.", directory=directory))
    with open_workspace(directory, {}) as workspace:
        now = workspace.now()
        collected = collect([str(path) for path in sorted(SAMPLE.glob("*.md"))], fetcher=workspace.fetcher, now=now)
        with workspace.database.write() as connection:
            shelved = library.shelve(connection, collected.articles, now=now)
            store.add_list(connection, folder.FIRST_LIST, NAME, now=now)
            report = actions.import_file(
                connection,
                SAMPLE / "subscribers.csv",
                folder.FIRST_LIST,
                now=now,
                words="sample readers",
                keys=workspace.keys.suppression,
            )
        tell(
            said(
                "Collected {articles}, imported {subscribers}.",
                articles=counted("{n} article", "{n} articles", len(shelved.added)),
                subscribers=counted("{n} subscriber", "{n} subscribers", report.added),
            )
        )
        issue = draft.write(workspace, list(shelved.added), list_name=folder.FIRST_LIST)
        stories = counted("{n} story", "{n} stories", len(issue.stories))
        tell(said("Composed issue {number} with {stories}.", number=issue.number, stories=stories))
        issue = plan.choose(workspace, str(issue.number), list_name="", rhythm="weekly")
        planned = plan.make(workspace, issue, list_name="", rhythm="weekly")
        if planned.letter is None or has_errors(planned.problems):
            raise SendError("; ".join(problem.words for problem in planned.problems))
        tell(said("Checked it: ready."))
        html, text = previews.write(issue, planned.letter)
        setup = workspace.delivery_setup
        send = plan.freeze_plan(workspace, planned)
        account = delivery.run(setup, send, lambda _state, _count: None)
        return DemoResult(
            issue.number, Path(issue.path), html, text, workspace.settings.outbox / "new", account.submitted
        )
