"""Whether a provider's refusals of addresses may be believed: only while it takes other letters.

A server that has lost its directory refuses everybody with the same words as a reader who is gone, and a machine in
between may say anything. So a refusal is written down when something else was taken after it; or for a few where nobody
is left to be taken, when others were taken before and the provider says it twice. A whole row of them is a word about
the server, and refuses nobody.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from newsletter.senders import QUEUED, REFUSED, SUBMITTED, Answer, Parcel

if TYPE_CHECKING:
    from newsletter.senders.https import PreparedRequest

MOST_REFUSED: Final = 50
"""Readers refused one after the other, none taken in between, after which it is not about addresses."""
MOST_AT_FIRST: Final = 5
"""The same before anything was taken: a server that takes nothing sees no more of the list than this."""
MOST_TIMES: Final = 3
"""Times that one of them is refused in such a row after which it is no use to ask again."""
SPLIT_EVERY: Final = 20
"""Requests in a row that name an address, after which halves are tried: a list may have many bad ones."""
MOST_NAMED: Final = 200
"""Requests in a row that name an address, after which it is not about addresses: halves of halves were named too."""
FEW_AT_LAST: Final = 10
"""So many refused readers in a row are no news where others were taken before: there may be nobody else left."""
FEW_ALONE: Final = 3
"""So many are believed of letters that belong to no send: each is asked for by its reader, and goes alone."""


class RefusalRecord:
    """What one run has seen a provider take and refuse; for all of its threads.

    Args:
        taken_before: Letters of the same send were taken in earlier runs.
        few_alone: Readers in a row who are believed to be refused at once though nobody was taken.
    """

    def __init__(self, *, taken_before: bool = False, few_alone: int = 0) -> None:
        self._lock = threading.Lock()
        self._taken_before = taken_before
        self._few_alone = few_alone
        self._taken = 0
        self._number = 0
        self._followed = 0
        """Refusals up to this number were followed by a letter that was begun after them, and taken."""
        self._refused = Counter[int]()
        """How often each delivery was refused."""
        self._first: dict[int, int] = {}
        """The number of its first refusal."""
        self._row: dict[int, tuple[int, int]] = {}
        """Those refused since the last letter that was taken: number of the last refusal, and how often since."""

    @property
    def number(self) -> int:
        """Refusals so far; noted when a letter is begun."""
        return self._number

    @property
    def in_a_row(self) -> int:
        """Readers refused since the last letter that was taken, each counted once however often it was tried."""
        return len(self._row)

    @property
    def about_everybody(self) -> bool:
        """Whether so many were refused in a row, or the same ones so often, that it cannot be their addresses."""
        at_first = FEW_AT_LAST + 1 if self._taken_before else MOST_AT_FIRST
        most = MOST_REFUSED if self._taken else at_first
        with self._lock:
            return len(self._row) >= most or any(times >= MOST_TIMES for _, times in self._row.values())

    @property
    def words(self) -> str:
        """What to say of the row when it ends a send."""
        number = self.in_a_row
        if number == 1:
            return "1 reader was refused again and again and nobody was taken"
        return f"{number} readers were refused one after the other and nobody was taken"

    def took(self, begun: int | None = None) -> None:
        """Note that something was taken.

        Args:
            begun: What ``number`` was when it was begun; without it, what it is now.
        """
        with self._lock:
            self._taken += 1
            self._followed = max(self._followed, self._number if begun is None else begun)
            if self._row:
                self._row = {one: last for one, last in self._row.items() if last[0] > self._followed}

    def refused(self, delivery: int) -> int:
        """Note that the provider refused the address of a delivery; gives the number of the refusal."""
        with self._lock:
            self._number += 1
            self._refused[delivery] += 1
            self._first.setdefault(delivery, self._number)
            self._row[delivery] = self._number, self._row.get(delivery, (0, 0))[1] + 1
            return self._number

    def followed(self, number: int) -> bool:
        """Whether a letter was begun after this refusal, and taken."""
        return number <= self._followed

    def proved(self, delivery: int) -> bool:
        """Whether it was refused before as well, and others were taken between the two."""
        return self._refused[delivery] > 1 and self.followed(self._first[delivery])

    def believed(self, delivery: int, *, clear: bool, beside: bool = False) -> bool:
        """Whether a refusal holds though nothing was taken after it, since nothing else is there to be taken.

        Args:
            delivery: That was refused.
            clear: The provider names the mailbox; else it must have said so twice.
            beside: Others were taken in the same batch; else it must have said so twice, too.
        """
        if self.proved(delivery) or (clear and self.in_a_row <= self._few_alone):
            return True
        if self.in_a_row > FEW_AT_LAST or not (self._taken or self._taken_before):
            return False
        return (clear and beside) or self._refused[delivery] > 1

    def judged(self, answer: Answer, size: int, refused: Mapping[int, tuple[str, str]]) -> Answer:
        """An answer that has a word for each of a request, with its refusals as far as they are believed.

        Args:
            answer: As it was understood.
            size: How many were in the request.
            refused: Deliveries that were not in it, with state and reason.
        """
        named = [one for one, (state, _) in answer.apart.items() if state == REFUSED and one not in refused]
        apart = Counter(state for one, (state, _) in answer.apart.items() if one not in refused)
        rest = size - apart.total()
        if apart[SUBMITTED] or (answer.state == SUBMITTED and rest):
            self.took()
            return answer
        for delivery in named:
            self.refused(delivery)
        if not named or (not answer.stop and all(self.believed(one, clear=True) for one in named)):
            return answer
        kept = {one: outcome for one, outcome in answer.apart.items() if one not in named}
        if answer.stop:
            return replace(answer, apart=kept)
        reason = next(answer.apart[one][1] for one in named)
        if not self.about_everybody:
            return replace(answer, state=QUEUED, apart=kept, reason=answer.reason or reason, about="address")
        return Answer(QUEUED, kept, f"{self.words}; {reason}", stop=True, about="server")


class AddressRefusals:
    """Addresses that a provider named as the reason why it took nothing of a request; for all threads of a run.

    They are left out of the next try, and are refused when that is taken. One that names a row of them, and takes
    nothing in between, may name anybody: they are refused when it names them again.

    Args:
        record: What the run has seen taken and refused.
    """

    def __init__(self, record: RefusalRecord | None = None) -> None:
        self.record = record or RefusalRecord()
        self._named: dict[int, tuple[str, str]] = {}
        self._answers = 0
        """Those in a row that named somebody; one may name many, or the first of many."""

    def among(self, parcels: Sequence[Parcel]) -> dict[int, tuple[str, str]]:
        """Those of a request that were named, with state and reason."""
        if not self._named:
            return {}
        return {parcel.delivery: self._named[parcel.delivery] for parcel in parcels if parcel.delivery in self._named}

    def learnt(self, named: Mapping[int, tuple[str, str]], answer: Answer, request: PreparedRequest) -> Answer:
        """The answer to a request that was not taken for the sake of some addresses.

        Args:
            named: Their deliveries, with state and reason.
            answer: As it was understood.
            request: As it was asked.

        Returns:
            To try the others at once, or halves of them; or, when nothing is taken whoever is left out, to stop, with
            nobody refused.
        """
        self._named.update(named)
        self._answers += 1
        for delivery in named:
            self.record.refused(delivery)
        if self._answers >= MOST_NAMED:
            reason = f"{self._answers} times in a row it took nothing for an address; {answer.reason}"
            return self._nobody(reason, request.refused)
        split = self._answers % SPLIT_EVERY == 0 and len(request.parcels) > 1
        return replace(answer, apart=request.refused, again=not split, split=split)

    def alone(self, named: dict[int, tuple[str, str]], refused: dict[int, tuple[str, str]]) -> Answer:
        """The answer to a request in which nobody is left.

        Args:
            named: Deliveries whose address the provider named, with state and reason.
            refused: Deliveries that it would never take, with state and reason.
        """
        if all(self.record.believed(one, clear=True) for one in named):
            self._forget(named)
            self._answers = 0
            return Answer(SUBMITTED, {**refused, **named})
        reason = next(reason for _, reason in named.values())
        if len(named) > FEW_AT_LAST:
            return self._nobody(f"every address of a request was refused, {len(named):,} of them; {reason}", refused)
        if self.record.about_everybody:
            return self._nobody(f"{self.record.words}; {reason}", refused)
        self._forget(named)
        return Answer(QUEUED, refused, reason, about="address")

    def took(self, named: Mapping[int, tuple[str, str]]) -> dict[int, tuple[str, str]]:
        """What becomes of those who were left out of a request that was taken, with state and reason."""
        few = self.record.in_a_row <= FEW_AT_LAST
        proved = {one for one in named if few or self.record.proved(one)}
        self.record.took()
        self._answers = 0
        self._forget(named)
        return {one: outcome if one in proved else (QUEUED, outcome[1]) for one, outcome in named.items()}

    def _nobody(self, reason: str, refused: dict[int, tuple[str, str]]) -> Answer:
        """Stop, and believe nothing of what was said of addresses."""
        self._named.clear()
        self._answers = 0
        return Answer(QUEUED, refused, reason, stop=True, about="server")

    def _forget(self, named: Mapping[int, tuple[str, str]]) -> None:
        for one in named:
            self._named.pop(one, None)
