"""Articles made into the letters of the latest posts: each letter once, and none that cannot be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.errors import IssueError, RenderError, SendError
from newsletter.issues import compose
from newsletter.ledger import Mailing
from newsletter.models import Holding, Issue, Problem, Section, Story
from newsletter.rhythms.topics import IssueCut
from newsletter.workflows import letter as letters
from newsletter.workflows import variants
from newsletter.workflows.letter_cache import LetterCache
from newsletter.workflows.variants import Variant

if TYPE_CHECKING:
    from sqlalchemy import Select

    from newsletter.wiring import Workspace

WHOLE = (15, 5, 0)
"""Stories with picture and summary, tried in turn until the letter is small enough; those after them are headlines."""


class LatestLetters:
    """Makes issues and letters of articles, each only once.

    Args:
        workspace: The workspace.
        list_name: The list.
        rhythm: ``instant`` or ``daily``.
        known: Articles by id.
        now: The present moment, timezone-aware.
    """

    def __init__(
        self, workspace: Workspace, list_name: str, rhythm: str, known: Mapping[int, Holding], now: datetime
    ) -> None:
        self.workspace = workspace
        self.list_name = list_name
        self.rhythm = rhythm
        self.key = ""
        """Key of the letter, once it is known."""
        self.problems: list[Problem] = []
        """Articles that give no letter, and why."""
        self._known = known
        self._cache = LetterCache(workspace, now)
        self._issues: dict[tuple[int, ...], tuple[tuple[int, ...], Issue | None]] = {}

    def issue(self, articles: tuple[int, ...]) -> tuple[tuple[int, ...], Issue | None]:
        """The issue of these articles, newest first, without those that no letter can be made of, and which it holds.

        Raises:
            SendError: All together they give no letter that mail programs show whole, however short they are told.
        """
        if articles not in self._issues:
            self._issues[articles] = self._made(articles)
        return self._issues[articles]

    def mailing(self, cut: IssueCut, audience: Select[tuple[int]], *, name: str, why: str) -> Mailing:
        """A letter with those who get it, or those who get none and why.

        Args:
            cut: The issue as they get it.
            audience: Query for their ids.
            name: What sets the letter apart from the others of its send.
            why: Said when the cut leaves nothing.
        """
        if cut.issue is None:
            return Mailing("", audience, name, why)
        subject, preheader = self._inbox_lines(cut.issue.stories)
        titled = replace(cut.issue, subject=subject, preheader=preheader)
        letter = letters.addressed(self.workspace, self._cache.letter(titled), self.list_name, self.key)
        return variants.mailing(Variant(cut, letter), audience, name=name)

    def _made(self, articles: tuple[int, ...]) -> tuple[tuple[int, ...], Issue | None]:
        found: Sequence[Problem] | None = ()
        for whole in WHOLE if articles else ():
            issue = self._draft(articles, whole)
            found = self._errors(issue)
            if found is None or any(problem.code != "letter-too-large" for problem in found):
                good = tuple(article for article in articles if self._is_good(article))
                if good != articles:
                    return self.issue(good)
            if found == ():
                return articles, issue
        if found:
            raise SendError(found[0].words, where=found[0].place, mend=found[0].mend)
        if found is None:
            self._cache.letter(issue)  # raises what is wrong
        return (), None

    def _draft(self, articles: Sequence[int], whole: int) -> Issue:
        said = self.workspace.settings.rhythms
        holdings = sorted((self._known[article] for article in articles), key=lambda one: one.box.letter != "lead")
        made = compose.draft(holdings, number=1, newsletter="", list_name=self.list_name)
        made = replace(made, sections=_shortened(made.sections, whole))
        template = said.instant_template if self.rhythm == "instant" else said.daily_template
        subject, preheader = self._inbox_lines(made.stories)
        return replace(
            made,
            number=0,
            subject=subject,
            preheader=preheader,
            template=said.daily_template if len(holdings) > WHOLE[0] else template,
        )

    def _inbox_lines(self, stories: Sequence[Story]) -> tuple[str, str]:
        """Of what the letter holds: nobody is told of a story that is not in theirs."""
        alone = self.rhythm == "instant" and len(stories) == 1
        name = "" if alone else self.workspace.settings.publication_of(self.list_name).name
        return compose.inbox_lines(name, stories)

    def _errors(self, issue: Issue) -> tuple[Problem, ...] | None:
        """What keeps it from going; None when it gives no letter at all."""
        try:
            return self._cache.errors(issue)
        except (RenderError, IssueError):
            return None

    def _is_good(self, article: int) -> bool:
        issue = self._draft([article], 1)
        try:
            found = self._cache.errors(issue)
        except (RenderError, IssueError) as error:
            found = (Problem("letter-impossible", "error", error.what, error.where, error.mend),)
        name = f"article {article} «{self._known[article].article.title}»"
        told = [replace(one, place=name) for one in found]
        self.problems += [one for one in told if one not in self.problems]
        return not found


def _shortened(sections: Sequence[Section], whole: int) -> tuple[Section, ...]:
    """The sections with headlines alone after so many whole stories; no picture of this machine's own disk."""
    made, count = [], 0
    for section in sections:
        blocks = []
        for story in section.stories:
            count += 1
            blocks.append(_web_only(story) if count <= whole else replace(story, summary="", image="", image_alt=""))
        made.append(replace(section, blocks=tuple(blocks)))
    return tuple(made)


def _web_only(story: Story) -> Story:
    return story if story.image.startswith("https://") else replace(story, image="", image_alt="")
