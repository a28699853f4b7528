"""Small letters on their way, confirmation, welcome and the like: claimed from the readers' side, sent one by one.

The same order as for every letter: claim under a lease, hand over everything but the last byte, commit
``submitting``, let the last byte go, record the answer. The link of a confirmation is made here, when its letter is
about to go, so it stands in no table; only its hash does.

Without pages for readers the letters ask for an answer by mail: their addresses are ``mailto:`` ones (RFC 6068) that
carry the token in the subject, where a mail program keeps it. ``newsletter.events.inbox`` reads what is answered.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.delivery.names import name_of
from newsletter.errors import NashraError
from newsletter.ledger import activity
from newsletter.letters.mime import LEAVE
from newsletter.senders import QUEUED, REFUSED, SUBMITTED, UNKNOWN, Parcel, load
from newsletter.storage.retry import Retrying
from newsletter.workflows.small_letters.making import STRANGER, SmallLetterBuilder, SmallLetterSender
from subscribers import store, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from newsletter.delivery import DeliverySetup
    from newsletter.models import Publication
    from newsletter.senders import Answer, Carrier, Submission
    from newsletter.web.pages import Pages
    from newsletter.wiring import Workspace
    from subscribers.actions import Upkeep
    from subscribers.models import LetterState, List, SmallLetter

LOG = logging.getLogger("nashra.letters")

__all__ = ["LOG", "SmallLetterCounts", "SmallLetterSender", "SmallLetters", "of_workspace"]

TOO_OLD = timedelta(hours=48)
"""A small letter that could not go for so long is no longer wanted."""
TIDY_EVERY = timedelta(hours=1)
_MOST = 50
MOST_QUEUED = 3
"""Letters in a row that could not go now, after which a round ends: the provider takes nothing."""


@dataclass(slots=True)
class SmallLetterCounts:
    """What became of the letters of one round."""

    states: dict[str, int] = field(default_factory=dict)

    def add(self, state: str) -> None:
        """Count one more."""
        self.states[state] = self.states.get(state, 0) + 1

    @property
    def done(self) -> int:
        """Letters that need nothing more."""
        return sum(number for state, number in self.states.items() if state != QUEUED)


class SmallLetters:
    """The small letters of a workspace.

    Args:
        setup: What every delivery needs.
        pages: For words, templates and the address of the pages.
        mailbox: Who they come from.
        marker: Makes a fresh marker for each letter.
        upkeep: Asks those who wait and forgets what is over; None leaves that to others.
        of_list: Who publishes a list, by its name, and who its letters come from; None takes those of all.
        root: Folder of the workspace, for the pictures that its settings name.
        own: Subject and words of the newsroom's own, by the kind of letter; None has none.
    """

    def __init__(
        self,
        setup: DeliverySetup,
        pages: Pages,
        mailbox: SmallLetterSender,
        marker: Callable[[], str],
        upkeep: Upkeep | None = None,
        of_list: Callable[[str], tuple[Publication, SmallLetterSender]] | None = None,
        root: Path | None = None,
        own: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self._builder = SmallLetterBuilder(setup, pages, mailbox, marker, of_list, root, own)
        self._upkeep = upkeep
        self._told: datetime | None = None
        self._setup = setup
        self._tidied: datetime | None = None
        self._in_a_row = 0
        """Letters that were not taken, since the last that was."""
        self._carrier: Carrier | None = None
        """With the last letter of a round; its connection takes the next."""

    def prepare(self, lists: Iterable[List]) -> None:
        """Make what those letters have in common that readers of the pages wait for, before one is asked for.

        Args:
            lists: The lists that the letters are about.
        """
        for listed in lists:
            for kind in ("confirmation", "welcome", "goodbye"):
                self._builder.prepare(kind, listed)

    def drain(self, rest: Callable[[float], object] | None = None) -> SmallLetterCounts:
        """Send what waits, as far as nobody else holds it; letters that cannot go now wait for the next round.

        For one thread at a time. One connection takes them all.

        Args:
            rest: Called after each letter with the seconds it took, by whoever lets others come before the next.

        Raises:
            DatabaseError: The database cannot be read or written.
        """
        try:
            return self._drain(rest or (lambda _: None))
        finally:
            carrier, self._carrier = self._carrier, None
            if carrier is not None:
                carrier.close()

    def _drain(self, rest: Callable[[float], object]) -> SmallLetterCounts:
        tally = SmallLetterCounts()
        setup, self._in_a_row = self._setup, 0
        self._tidy(setup.now())
        self._ask_kept(setup.now())
        with setup.database.read() as connection:
            waiting = store.letters_waiting(connection, now=setup.now())
        while waiting:
            self._settle(tally)
            token = secrets.token_hex(16)
            with setup.database.write() as connection:
                claimed = store.claim_letters(
                    connection, token=token, now=setup.now(), lease=timedelta(seconds=setup.lease), limit=_MOST
                )
            for letter in claimed:
                began = time.monotonic()
                if not self._send(letter, token, tally):
                    return tally  # the provider takes nothing now; what is claimed is free when the lease runs out
                rest(time.monotonic() - began)
            waiting = bool(claimed)
        return tally

    def _tidy(self, now: datetime) -> None:
        if self._tidied is None or now - self._tidied > TIDY_EVERY:
            self._tidied = now
            if self._upkeep is not None:
                self._let_go(self._upkeep, now)
                more = True
                while more:
                    with self._setup.database.write() as connection:
                        more = bool(self._upkeep.forget(connection, now=now))
                with self._setup.database.write() as connection:
                    activity.forget(connection, now=now)

    def _let_go(self, upkeep: Upkeep, now: datetime) -> None:
        """Let go of those who did not answer, and say how many: nobody's letters end in silence."""
        ended, more = 0, True
        while more:
            with self._setup.database.write() as connection:
                number = upkeep.let_go(connection, now=now)
            ended, more = ended + number, number > 0
        if ended:
            LOG.warning(
                "let go, since they were asked whether they still want our letters and did not answer: %d. By list: "
                "newsletter subscribers hygiene",
                ended,
            )

    def _ask_kept(self, now: datetime) -> None:
        """Ask some of those who wait to be asked, and tell the log of them, once an hour at most."""
        if self._upkeep is None:
            return
        with self._setup.database.read() as connection:
            if not store.wishes_wait(connection) and not store.still_wanted_waits(connection):
                return
            waiting = store.waiting_wishes(connection)
        with self._setup.database.write() as connection:
            self._upkeep.ask(connection, now=now)
        if waiting.number > waiting.of_files and (self._told is None or now - self._told > TIDY_EVERY):
            self._told = now
            LOG.warning(
                "%d sign-ups from %d networks wait for their letter, since more came than [web] letters_an_hour allows",
                waiting.number - waiting.of_files,
                waiting.networks,
            )

    def _settle(self, tally: SmallLetterCounts) -> None:
        """Letters in doubt: a sender that can look tells whether they went; else they become unknown when claimed."""
        setup = self._setup
        with setup.database.read() as connection:
            doubtful = store.letters_in_doubt(connection, now=setup.now())
        if not doubtful:
            return
        names = {name_of(letter_id, setup.keys): (letter_id, token) for letter_id, token in doubtful}
        # Any letter will do: only where letters go is asked.
        carrier = setup.sender.load(self._builder.any_letter())
        try:
            taken = carrier.settle(list(names))
        finally:
            carrier.close()
        if taken is None:
            return
        with setup.database.write() as connection:
            for name, (letter_id, token) in names.items():
                state: LetterState = SUBMITTED if name in taken else QUEUED
                store.settle_letter(connection, letter_id, state, token=token)
                tally.add(state)

    def _send(self, letter: SmallLetter, token: str, tally: SmallLetterCounts) -> bool:
        """Send one letter; False when this round had better end."""
        setup = self._setup
        if letter.created < setup.now() - TOO_OLD:
            self._record(letter, token, REFUSED, "it could not be sent for too long", tally)
            return True
        if letter.kind == "confirmation" and letter.list.closed is not None:
            self._record(letter, token, REFUSED, "its list was closed meanwhile", tally)
            return True
        try:
            self._carrier = load(setup.sender, self._builder.filled(letter), self._carrier)
        except NashraError as error:
            LOG.error("a small letter cannot be made: %s", error)
            self._record(letter, token, QUEUED, "", tally)
            return False
        try:
            submission = self._begun(self._carrier, letter, token)
        except NashraError as error:
            LOG.error("small letters wait: %s", _without(str(error), letter))
            self._record(letter, token, QUEUED, "", tally)
            return False
        # None: so slow that the lease ran out; the others of this claim are lost too.
        return submission is not None and self._finish(submission, letter, token, tally)

    def _begun(self, carrier: Carrier, letter: SmallLetter, token: str) -> Submission | None:
        """Hand over everything but the last byte and mark the letter; None when the lease is lost, and nothing went."""
        setup = self._setup
        who = letter.recipient
        leave = tokens.make("leave", setup.keys, public_id=who.public_id, list_id=letter.list.id, epoch=who.epoch)
        if letter.kind == STRANGER:
            # An address with a typing error belongs to somebody else: the token in the header opens nothing.
            leave = secrets.token_urlsafe(tokens.WIDTH)[: tokens.WIDTH]
        slots = {LEAVE: leave.encode("ascii")}
        parcel = Parcel(letter.id, name_of(letter.id, setup.keys), who.address, slots, who.needs_smtputf8)
        submission = carrier.begin([parcel], secrets.token_hex(16))
        mine = False
        try:
            with setup.database.write() as connection:
                marked = store.submitting_letter(connection, letter.id, token=token, now=setup.now())
                if marked:
                    # Somebody waits for it: it goes before its turn, and the issue under way waits instead.
                    ledger.charge(connection, setup.rate_limit, 1)
            mine = marked  # not before the commit, which can fail
        finally:
            if not mine:
                submission.abandon()
        return submission if mine else None

    def _finish(self, submission: Submission, letter: SmallLetter, token: str, tally: SmallLetterCounts) -> bool:
        """Let the last byte go and record the answer; from here on only the answer can make the letter wait again."""
        try:
            answer = submission.finish()
            state, reason = _outcome(answer, letter.id)
            settle = partial(
                store.settle_letter, letter_id=letter.id, state=state, token=token, reason=_without(reason, letter)
            )
            Retrying(self._setup.database, patience=Retrying.LITTLE, sleep=self._setup.sleep).write(settle)
        except NashraError as error:
            # Whether it went nobody knows, or nobody can be told: it stays in doubt until its lease runs out, and is
            # settled then.
            LOG.error("a small letter is in doubt: %s", _without(str(error), letter))
            return False
        tally.add(state)
        if state != QUEUED:
            self._in_a_row = 0
            return True
        # One reader who cannot get theirs now (greylisting, a full mailbox) keeps nobody else from theirs.
        self._in_a_row += 1
        return not answer.stop and not answer.pause and self._in_a_row < MOST_QUEUED

    def _record(
        self, letter: SmallLetter, token: str, state: LetterState, reason: str, tally: SmallLetterCounts
    ) -> None:
        with self._setup.database.write() as connection:
            store.settle_letter(connection, letter.id, state, token=token, reason=reason)
        tally.add(state)


def of_workspace(workspace: Workspace) -> SmallLetters:
    """The small letters of a workspace, ready to be sent."""
    from newsletter.web.pages import Pages

    settings, sender = workspace.settings, workspace.settings.sender

    def of_list(name: str) -> tuple[Publication, SmallLetterSender]:
        about = settings.publication_of(name)
        # A language without a catalogue has English pages and small letters.
        about = replace(about, language=pages.publication.language)
        return about, SmallLetterSender(settings.sender_of(name), settings.reply_to_of(name))

    pages = Pages(workspace.templates, workspace.publication, workspace.settings.web.url)
    return SmallLetters(
        workspace.delivery_setup,
        pages,
        SmallLetterSender(sender.from_, sender.reply_to),
        workspace.marker,
        workspace.upkeep,
        of_list,
        workspace.root,
        {kind: (words.subject, words.words) for kind, words in settings.letters.items()},
    )


def _outcome(answer: Answer, letter_id: int) -> tuple[LetterState, str]:
    if letter_id in answer.apart:
        state, reason = answer.apart[letter_id]
        return (REFUSED if state == REFUSED else UNKNOWN if state == UNKNOWN else SUBMITTED), reason
    return answer.state, answer.reason


def _without(text: str, letter: SmallLetter) -> str:
    """A provider's words without the address."""
    return text.replace(letter.recipient.address, "…")[:500]
