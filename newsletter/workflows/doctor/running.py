"""Checks made side by side, each behind a fence: one that fails, or never ends, is told and hides no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from newsletter.text.sentences import Sentence, said
from newsletter.workflows.doctor.models import LINES, Check, DoctorState, Examined, SkippedCheck
from newsletter.workflows.status.findings import without_addresses
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from newsletter.workflows.doctor.examination import Examination

_LONGEST_WORDS = 600


def made(checks: Sequence[Check], case: Examination, begun: Callable[[str], None]) -> Iterator[Examined]:
    """Make all checks side by side, and give their lines in the order of the checks.

    Args:
        checks: What to look at.
        case: The workspace.
        begun: Told the heading of the line that is waited for.
    """
    started = time.monotonic()
    fences = [_Fence(one, case) for one in checks]
    for fence in fences:
        begun(LINES[fence.check.names[0]][1])
        for line in fence.lines(started):
            yield _clean(line, case)


class _Fence:
    """One check in a thread of its own, which is left behind when it does not end."""

    def __init__(self, check: Check, case: Examination) -> None:
        self.check = check
        self._case = case
        self._lines: list[Examined] = []
        self._thread = threading.Thread(target=self._run, name=f"doctor {check.names[0]}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._may_be_made()
            for line in self.check.look(self._case):
                self._lines.append(line)  # what was found before something breaks is told all the same
        except SkippedCheck as skipped:
            self._lines += self._rest("skipped", skipped.words, skipped.mend)
        except Complaint as error:
            self._lines += self._rest("fail", *_words_of(error))
        except Exception as error:
            words = said("it could not be looked at ({fault})", fault=f"{type(error).__name__}: {error}")
            mend = "tell whoever looks after the program; the other lines hold all the same"
            self._lines += self._rest("warn", words, mend)

    def _rest(self, state: DoctorState, words: str, mend: str) -> list[Examined]:
        """What is said of the lines that have not been told; of the last one, where one is told several times."""
        told = {line.name for line in self._lines}
        left = [name for name in self.check.names if name not in told] or [self.check.names[-1]]
        return [Examined(name, state, words, mend) for name in left]

    def _may_be_made(self) -> None:
        case, needs = self._case, set(self.check.needs)
        if not needs and not self.check.online:
            return
        if needs and "provider" in needs:
            needs |= {case.settings.sender.kind, case.settings.sender.fallback} - {"", "provider"}
        if needs:
            case.settings  # noqa: B018  says why there are none
        if broken := sorted(needs & case.found.unread):
            raise SkippedCheck(
                said("something in [{section}] cannot be read", section=broken[0]),
                "mend it first; the line Settings says what is wrong",
            )
        if self.check.online and case.offline:
            raise SkippedCheck("not asked, as --offline says")

    def lines(self, started: float) -> list[Examined]:
        """What it found; that it took too long when it did not end within its time."""
        allowed = self.check.seconds * self._case.instruments.patience
        self._thread.join(max(started + allowed - time.monotonic(), 0.0))
        if self._thread.is_alive():
            return [
                *self._lines,
                *self._rest(
                    self.check.late, said("no answer within {seconds} seconds", seconds=f"{allowed:.0f}"), "try again"
                ),
            ]
        return self._lines


def _words_of(error: Complaint) -> tuple[str, str]:
    """What a complaint says, and what to do: some say both in one sentence."""
    what, mend = error.what, error.mend
    if not mend and "; " in what:
        what, _, mend = what.rpartition("; ")
    # The URL of a database is long, and its account nobody's business.
    where = "" if "://" in error.where and "@" in error.where else error.where
    words = said("{where}: {what}", where=where, what=what) if where else what
    return words, mend or "check that it is there and answers, and try again"


def _clean(line: Examined, case: Examination) -> Examined:
    """A line without secrets, without addresses of people, and on one line."""

    def cleaned(text: str) -> str:
        return " ".join(case.hide(text).split())[:_LONGEST_WORDS]

    def without_people(text: str) -> str:
        return without_addresses(cleaned(text), _LONGEST_WORDS)

    return replace(
        line,
        words=_each(line.words, without_people),
        mend=_each(line.mend, cleaned),
        record=cleaned(line.record),
        about=cleaned(line.about),
    )


def _each(text: str, clean: Callable[[str], str]) -> str:
    """A text cleaned: a sentence part by part, unless a secret stands between its parts."""
    if isinstance(text, Sentence):
        made = text.cleaned(clean)
        if clean(str(made)) == str(made):
            return made
    return clean(str(text))
