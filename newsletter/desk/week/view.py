"""An issue that is being edited, as its page shows it: words, stories and elements with what is wrong at each place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from newsletter.check.fix import FIXES
from newsletter.desk.complaints import as_html
from newsletter.desk.week import letter as living
from newsletter.desk.week import texts
from newsletter.desk.week.problems import SETTINGS, told
from newsletter.desk.week.rows import ElementRow, SectionRow, StoryRow, ToldProblem, WordsRow
from newsletter.issues import compose, prose
from newsletter.issues.containers import KINDS, opened
from newsletter.letters.render.surroundings import minutes_of
from newsletter.models import Problem, Prose, Story
from newsletter.text.mailbox import split_mailbox
from newsletter.text.subject import columns

if TYPE_CHECKING:
    from newsletter.desk.request import DeskRequest
    from newsletter.issues.reading import LineSpan
    from newsletter.models import Holding, Issue
    from newsletter.workflows.check import CheckResult
    from newsletter.workflows.editing import EditedIssue

OFFERED = (
    "callout",
    "quote",
    "sponsor",
    "video",
    "event",
    "poll",
    "useful",
    "figures",
    "reading",
    "gallery",
    "file",
    "audio",
)
"""Elements in the menu, the commonest first; all others can be written by hand."""


def fragments_of(request: DeskRequest, edited: EditedIssue) -> dict[str, str]:
    """The parts of the page that an edit can change, by the id of the element each takes the place of.

    Args:
        request: Who asks.
        edited: The issue as it stands now.
    """
    values = values_of(request, edited)
    if edited.broken is not None:
        return {"issue": request.fill("desk/week/broken.html.j2", values)}
    names = ("stats", "issue", "problems", "inbox", "history")
    return {name: request.fill(f"desk/week/{name}.html.j2", values) for name in names}


def values_of(request: DeskRequest, edited: EditedIssue) -> dict[str, Any]:
    """What the templates of the page may use of an issue.

    Args:
        request: Who asks.
        edited: The issue as it stands now.
    """
    common = {
        "slug": edited.slug,
        "etag": edited.etag,
        "undo": edited.undo(request.editor.name),
        "redo": edited.redo(request.editor.name),
        "broken": edited.broken,
        "why": as_html(request.desk.pages.words, edited.broken.error) if edited.broken is not None else (),
    }
    issue = edited.issue
    if issue is None:
        return {**common, "issue": None}
    checked = request.desk.letters.checked(issue, edited.etag)
    holdings = {story.url: one for story, one in checked.held.items()}
    page = _Page(request, edited, compose.enriched(issue, holdings), holdings, checked)
    letter, sections = checked.draft, page.sections()
    inbox = living.preheader(letter) if letter is not None else issue.preheader
    sender = split_mailbox(request.workspace.settings.sender_of(issue.list))
    return {
        **common,
        "issue": issue,
        "sections": sections,
        "moves": _moves(sections),
        "first": next(((one.line, card.story.line) for one in sections for card in one.told), None),
        "settings": SETTINGS,
        "kind_names": texts.kind_names(request.desk.pages.words),
        "words": page.opening(),
        "waiting": page.waiting(),
        "problems": page.problems,
        "front": {name: page.at(f"field-{name}") for name in ("subject", "preheader")},
        "errors": sum(one.level == "error" for one in page.problems),
        "letter": letter is not None,
        "kilobytes": len(letter.rendered.html.encode()) // 1000 if letter is not None else 0,
        "minutes": minutes_of(page.issue, request.workspace.publication.language),
        "columns": columns,
        "inbox": inbox,
        "sender": sender[0] or sender[1],
        "kinds": [kind for name in OFFERED for kind in KINDS if kind.name == name],
        "now": request.workspace.now(),
    }


def held_in(request: DeskRequest, edited: EditedIssue) -> dict[str, int]:
    """Which articles of the library stand in an issue, and on which line the story of each begins.

    Args:
        request: Who asks.
        edited: The issue as it stands now.
    """
    issue = edited.issue
    if issue is None:
        return {}
    known = request.desk.letters.checked(issue, edited.etag).held
    return {str(holding.id): story.line for story, holding in reversed([*known.items()])}


def marks_of(issue: Issue) -> list[tuple[str, str]]:
    """Key and headline of every story, for the frame of its letter.

    Args:
        issue: As its file says.
    """
    return [(key, story.headline) for key, story in zip(_keys(issue.stories), issue.stories, strict=True)]


def remote_of(holdings: Sequence[Holding]) -> dict[str, str]:
    """The address at this desk of every picture that the library knows, by its address on its own site."""
    return {one.article.image: f"/thumb/{one.id}?wide=1" for one in holdings if one.article.image.startswith("http")}


def _moves(sections: Sequence[SectionRow]) -> dict[str, dict[str, dict[str, object]]]:
    """The operation that takes each story one place up or down, over the ends of sections, by its key."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for at, section in enumerate(sections):
        stories = section.told
        for place, card in enumerate(stories):
            ways: dict[str, dict[str, object]] = {}
            line = card.story.line
            if place:
                ways["up"] = _move(line, section.line, stories[place - 1].story.line)
            elif at:
                ways["up"] = _move(line, sections[at - 1].line, 0)
            if place + 1 < len(stories):
                behind = stories[place + 2].story.line if place + 2 < len(stories) else 0
                ways["down"] = _move(line, section.line, behind)
            elif at + 1 < len(sections):
                other = sections[at + 1].told
                ways["down"] = _move(line, sections[at + 1].line, other[0].story.line if other else 0)
            found[card.key] = ways
    return found


def _move(line: int, section: int, before: int) -> dict[str, object]:
    return {"op": "move", "line": line, "section": section, "before": before}


def _keys(stories: Sequence[Story], head: str = "s") -> list[str]:
    """A key for each story that outlives moving and editing it: made of its address, else of its place."""
    seen: dict[str, int] = {}
    keys = []
    for number, story in enumerate(stories, 1):
        key = hashlib.sha256((story.url or f"#{number}").encode()).hexdigest()[:8]
        seen[key] = seen.get(key, 0) + 1
        keys.append(f"{head}-{key}" + (f"-{seen[key]}" if seen[key] > 1 else ""))
    return keys


class _Page:
    """One issue laid out: each card with the problems of its lines."""

    def __init__(
        self,
        request: DeskRequest,
        edited: EditedIssue,
        issue: Issue,
        holdings: dict[str, Holding],
        checked: CheckResult,
    ) -> None:
        self._request, self._edited, self.issue, self._holdings = request, edited, issue, holdings
        self._lines = (
            edited.manuscript.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        )
        self._spans: dict[int, LineSpan] = {span.first: span for span in edited.spans}
        self._keys = dict(zip((story.line for story in issue.stories), _keys(issue.stories), strict=True))
        self._targets: dict[int, str] = {}
        self._place()
        unread = [Problem("issue-unreadable", "error", one.what, one.where, one.mend) for one in edited.faults]
        self.problems = tuple(self._told(one) for one in _once([*unread, *checked.problems]))
        self._by_target: dict[str, list[ToldProblem]] = {}
        for one in self.problems:
            self._by_target.setdefault(one.target, []).append(one)

    def at(self, target: str) -> tuple[ToldProblem, ...]:
        """The problems of one thing on the page."""
        return tuple(self._by_target.get(target, ()))

    def opening(self) -> tuple[WordsRow | ElementRow, ...]:
        """The words before the first section; one empty card when there are none."""
        blocks = self.issue.opening
        if not any(_element(one) for one in blocks):
            text = self._text(blocks[0].line, self._last(blocks[-1])) if blocks else ""
            last = self._last(blocks[-1]) if blocks else 0
            return (WordsRow("words", 0, last, text, self.at("words")),)
        return tuple(card for card in self._cards(blocks, "words") if not isinstance(card, StoryRow))

    def sections(self) -> tuple[SectionRow, ...]:
        """Every section, in order."""
        found = []
        for at, section in enumerate(self.issue.sections, 1):
            key = f"c{at}"
            cards = tuple(self._cards(section.blocks, key))
            found.append(SectionRow(key, section.title, section.line, cards, self.at(key)))
        return tuple(found)

    def waiting(self) -> tuple[StoryRow, ...]:
        """The candidates of the draft."""
        there = self._edited.candidates
        stories = there.stories if there is not None else ()
        return tuple(
            StoryRow(key, number, story, _teaser(story.summary), self._picture(story))
            for number, (key, story) in enumerate(zip(_keys(stories, "w"), stories, strict=True), 1)
        )

    def _cards(self, blocks: Sequence[Story | Prose], key: str) -> Iterator[StoryRow | WordsRow | ElementRow]:
        for place, group in _groups(blocks, key):
            first = group[0]
            name = self._keys[first.line] if isinstance(first, Story) else place
            if isinstance(first, Story):
                number = list(self._keys).index(first.line) + 1
                yield StoryRow(name, number, first, _teaser(first.summary), self._picture(first), self.at(name))
            elif _element(first):
                head, *rest = self._text(first.line, self._last(first)).split("\n")
                kind, title = opened(head.strip().lstrip(":"))
                told_of = kind.name if kind is not None else ""
                body = rest[:-1] if rest and rest[-1].strip().startswith(":::") else rest
                titled = kind is None or kind.titled
                yield ElementRow(name, first.line, told_of, title, "\n".join(body), titled, self.at(name))
            else:
                last = self._last(group[-1])
                yield WordsRow(name, first.line, last, self._text(first.line, last), self.at(name))

    def _place(self) -> None:
        """What each line of the file is on the page."""
        for name in ("subject", "preheader", "subjects"):
            line = self.issue.lines.get(name, 0)
            if line:
                self._targets[line] = f"field-{name.removesuffix('s') if name == 'subjects' else name}"
        if self.issue.opening and not any(_element(one) for one in self.issue.opening):
            self._own(self.issue.opening[0].line, self._last(self.issue.opening[-1]), "words")
        else:
            self._own_groups(self.issue.opening, "words")
        for at, section in enumerate(self.issue.sections, 1):
            self._targets[section.line] = f"c{at}"
            self._own_groups(section.blocks, f"c{at}")

    def _own_groups(self, blocks: Sequence[Story | Prose], key: str) -> None:
        for name, group in _groups(blocks, key):
            target = self._keys[group[0].line] if isinstance(group[0], Story) else name
            self._own(group[0].line, self._last(group[-1]), target)

    def _own(self, first: int, last: int, target: str) -> None:
        self._targets.update(dict.fromkeys(range(first, last + 1), target))

    def _last(self, block: Story | Prose) -> int:
        span = self._spans.get(block.line)
        return (
            span.last
            if span is not None
            else block.line + (block.markdown.count("\n") if isinstance(block, Prose) else 0)
        )

    def _text(self, first: int, last: int) -> str:
        return "\n".join(self._lines[first - 1 : last])

    def _told(self, problem: Problem) -> ToldProblem:
        place, _, line = problem.place.rpartition(":")
        at = int(line) if line.isdecimal() and place == self.issue.path else 0
        words = told(self._request.desk.pages.words, problem)
        return ToldProblem(
            problem.code, problem.level, words, at, bool(at) and problem.code in FIXES, self._target(at, problem)
        )

    def _target(self, line: int, problem: Problem) -> str:
        if not line and problem.code.startswith(("subject-", "preheader-")):
            return f"field-{problem.code.partition('-')[0]}"
        return self._targets.get(line, "")

    def _picture(self, story: Story) -> str:
        if not story.image:
            return ""
        if urlsplit(story.image).scheme in ("http", "https"):
            holding = self._holdings.get(story.url)
            return f"/thumb/{holding.id}" if holding is not None else ""
        return f"/issue/{quote(self._edited.slug)}/file/{quote(Path(story.image).as_posix())}"


def _once(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem once for a place: a line of several stretched words is mended with one press."""
    return list({(one.place, one.code): one for one in reversed(problems)}.values())[::-1]


def _groups(blocks: Sequence[Story | Prose], key: str) -> Iterator[tuple[str, list[Story | Prose]]]:
    """Stories and elements each by itself, words that follow one another together; each with a key for the page."""
    groups: list[list[Story | Prose]] = []
    for block in blocks:
        alone = isinstance(block, Story) or _element(block)
        before = groups[-1][-1] if groups else None
        if alone or before is None or isinstance(before, Story) or _element(before):
            groups.append([block])
        else:
            groups[-1].append(block)
    for at, group in enumerate(groups, 1):
        yield f"{key}-{at}", group


def _element(block: Story | Prose) -> bool:
    return isinstance(block, Prose) and block.markdown.lstrip().startswith(":::")


@lru_cache(maxsize=4096)
def _teaser(markdown: str) -> str:
    """The words of a summary on one line."""
    return prose.read(markdown).words() if markdown else ""
