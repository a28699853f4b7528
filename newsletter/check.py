"""What is wrong with an issue and its letter before it goes: every rule has a code that docs/checks.md explains.

Pure: the issue and the rendered letter go in, problems come out. An ``error`` keeps a letter from going; a
``warning`` is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from newsletter.mail import LEAVE, slot
from newsletter.models import Issue, Letter, Problem, Prose, Story

MOST_DECODED = 95_000
"""Bytes of HTML. Gmail clips near 100 kB (testers report 99.5 to 105 kB; the vendor documents nothing)."""
MOST_ENCODED = 102_000
"""Bytes of HTML in base64 lines, should the encoded form be what is counted."""

Rule = Callable[[Issue, Letter], Iterator[Problem]]


def check(issue: Issue, letter: Letter) -> list[Problem]:
    """Everything the rules find, errors first, then by place in the file."""
    problems = [problem for rule in RULES for problem in rule(issue, letter)]
    return sorted(problems, key=_order)


def _order(problem: Problem) -> tuple[str, str, int]:
    path, _, line = problem.place.rpartition(":")
    return (problem.level, path, int(line)) if line.isdecimal() else (problem.level, problem.place, 0)


def has_errors(problems: Sequence[Problem]) -> bool:
    """Whether the letter must not go."""
    return any(problem.level == "error" for problem in problems)


def subject_empty(issue: Issue, _letter: Letter) -> Iterator[Problem]:
    """A letter without a subject looks like spam, and is filed as such."""
    if not issue.subject.strip():
        yield Problem(
            "subject-empty", "error", "the subject is empty", _key(issue, "subject"), "write what the letter brings"
        )


def issue_empty(issue: Issue, _letter: Letter) -> Iterator[Problem]:
    """An issue with no story and no word of the editor."""
    if not issue.stories and not _prose(issue):
        yield Problem("issue-empty", "error", "there is nothing in this issue", issue.path, "add a story or some words")


def story_without_headline(issue: Issue, _letter: Letter) -> Iterator[Problem]:
    """A story whose ``###`` line has no words."""
    for story in issue.stories:
        if not story.headline.strip():
            yield Problem(
                "story-without-headline",
                "error",
                "a story has no headline",
                _at(issue, story.line),
                "write ### [headline](address)",
            )


def story_without_link(issue: Issue, _letter: Letter) -> Iterator[Problem]:
    """A story that cannot be read elsewhere, and is not whole in the letter either when it has no text."""
    for story in issue.stories:
        if story.url:
            continue
        whole = bool(story.summary.strip())
        words = f"the story «{story.headline}» has no link"
        yield Problem(
            "story-without-link",
            "warning" if whole else "error",
            words + (", so it stands whole in the letter" if whole else " and no text"),
            _at(issue, story.line),
            "write ### [headline](https://address)",
        )


def section_empty(issue: Issue, _letter: Letter) -> Iterator[Problem]:
    """A heading with nothing under it."""
    for section in issue.sections:
        if not section.blocks:
            yield Problem(
                "section-empty",
                "warning",
                f"the section «{section.title}» is empty",
                _at(issue, section.line),
                "add a story or take the heading out",
            )


def image_without_alt(issue: Issue, _letter: Letter) -> Iterator[Problem]:
    """A picture that says nothing to whoever does not see it."""
    for story in issue.stories:
        if story.image and not story.image_alt.strip():
            yield Problem(
                "image-without-alt",
                "warning",
                f"the picture of «{story.headline}» has no description",
                _at(issue, story.image_line),
                "write ![what it shows](address)",
            )
    for line, markdown in _texts(issue):
        for match in re.finditer(r"!\[\s*\]\(", markdown):
            yield Problem(
                "image-without-alt",
                "warning",
                "a picture has no description",
                _at(issue, _line(line, markdown, match.start())),
                "write ![what it shows](address)",
            )


_LEAKS = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|</?mj-[\w-]+|\\u\{[0-9a-f]+\}|<%.*?%>|\*\|[A-Z_:]+\|\*|\[(?:NAME|FNAME|EMAIL|الاسم)\]",
    re.DOTALL,
)


_ISOLATES = re.compile("[\u2066-\u2069]")
"""What rendering puts around words of another direction, also inside ``{{ name }}``."""


def leaked_template(issue: Issue, letter: Letter) -> Iterator[Problem]:
    """Text of a template language that readers would see as it is."""
    told: set[tuple[str, str]] = set()
    for part, text in (
        ("subject", letter.rendered.subject),
        ("html", letter.rendered.html),
        ("text", letter.rendered.text),
    ):
        for leak in (match.group() for match in _LEAKS.finditer(_ISOLATES.sub("", text))):
            place = _line_of(issue, leak) or f"the letter's {part}"
            # What an editor wrote stands in both forms of the letter: it is told once.
            if (leak, place) not in told:
                told.add((leak, place))
                yield Problem(
                    "template-leaked",
                    "error",
                    f"text of a template stands in the letter: {leak[:60]}",
                    place,
                    "take it out, or correct the template",
                )


def unsubscribe_missing(_issue: Issue, letter: Letter) -> Iterator[Problem]:
    """Every letter shows the way out, in both of its forms (RFC 8058; Gmail and Yahoo sender rules)."""
    mark = slot(letter.marker, LEAVE)
    for part, text in (("html", letter.rendered.html), ("text", letter.rendered.text)):
        if mark not in text:
            yield Problem(
                "unsubscribe-missing",
                "error",
                "the letter shows no way to leave",
                f"the letter's {part}",
                "put {{ leave_url }} into the template",
            )


def too_large(issue: Issue, letter: Letter) -> Iterator[Problem]:
    """A letter that mail programs cut off, its way to leave included."""
    decoded = len(letter.rendered.html.encode("utf-8"))
    encoded = -(-decoded // 57) * 78
    for size, most, form in ((decoded, MOST_DECODED, "its HTML"), (encoded, MOST_ENCODED, "its HTML as sent")):
        if size > most:
            yield Problem(
                "letter-too-large",
                "error",
                f"{form} has {size:,} bytes, more than {most:,}: Gmail would clip it",
                issue.path,
                "take out stories, or shorten their text",
            )
            return


RULES: tuple[Rule, ...] = (
    subject_empty,
    issue_empty,
    story_without_headline,
    story_without_link,
    section_empty,
    image_without_alt,
    leaked_template,
    unsubscribe_missing,
    too_large,
)
CODES = (
    "subject-empty",
    "issue-empty",
    "story-without-headline",
    "story-without-link",
    "section-empty",
    "image-without-alt",
    "template-leaked",
    "unsubscribe-missing",
    "letter-too-large",
)


def _prose(issue: Issue) -> list[Prose]:
    inside = (block for section in issue.sections for block in section.blocks)
    return [*issue.opening, *(block for block in inside if isinstance(block, Prose))]


def _key(issue: Issue, key: str) -> str:
    return _at(issue, issue.lines.get(key, 0))


def _at(issue: Issue, line: int) -> str:
    return f"{issue.path}:{line}" if line else issue.path


def _line_of(issue: Issue, text: str) -> str:
    """Where in issue.md a text stands, as far as its blocks tell; empty when only the template can hold it."""
    for key in ("subject", "preheader"):
        if text in getattr(issue, key):
            return _key(issue, key)
    for story in issue.stories:
        if text in story.headline:
            return _at(issue, story.line)
        if text in story.image_alt:
            return _at(issue, story.image_line)
    found = ((line, words, words.find(text)) for line, words in _texts(issue))
    return next((_at(issue, _line(line, words, at)) for line, words, at in found if at >= 0), "")


def _texts(issue: Issue) -> list[tuple[int, str]]:
    """Every Markdown text of the issue with the line it begins on."""
    prose = [(block.line, block.markdown) for block in _prose(issue)]
    return prose + [(_line_of_summary(story), story.summary) for story in issue.stories]


def _line_of_summary(story: Story) -> int:
    """Under the picture, or else under the headline, wherever a blank line more may stand."""
    above = story.image_line or story.line
    return above + 1 if above else 0


def _line(first: int, text: str, at: int) -> int:
    return first + text.count("\n", 0, at) if first else 0
