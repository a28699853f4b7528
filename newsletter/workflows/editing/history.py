"""What was done at an issue, step by step, so that each step can be taken back: in the issue's folder, under .desk.

Each text is a file of its own, named by its fingerprint, so that an editor finds every text of the last steps even
without this program. What cannot be read of it is as if it had never been: the issue itself is elsewhere.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from subscribers.wholefile import alone

MOST_STEPS = 200
"""Steps that can be taken back."""
PAUSE = 2_000
LONGEST = 20_000
"""Milliseconds of a pause that ends a step of typing, and of the longest one: letters come one by one, and nobody wants
to take them back so."""
MOST_OTHERS = 100
"""Texts between the letters of such steps that are kept."""
_SERVED = 256
"""Texts that this process remembers having shown, whether or not anything was done to them."""
_served: OrderedDict[str, bytes] = OrderedDict()
_guard = threading.Lock()


def etag_of(raw: bytes) -> str:
    """The fingerprint of a text."""
    return sha256(raw).hexdigest()


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One operation that was done."""

    by: str
    what: str
    """Name of the operation."""
    before: str
    """Fingerprint of the text before it."""
    after: str
    place: str = ""
    """What it typed in; empty for everything that is no typing."""
    since: int = 0
    at: int = 0
    """When its first and its last letter came, in milliseconds since 1970."""
    nearly: str = ""
    """Fingerprint of the text before its last letter, which a process that was killed may not have written."""

    def goes_on(self, before: HistoryStep) -> bool:
        """Whether it is typed in the same breath as the step before it."""
        typed = bool(self.place) and (self.by, self.place, self.before) == (before.by, before.place, before.after)
        return typed and 0 <= self.at - before.at < PAUSE and 0 <= self.at - before.since < LONGEST


@dataclass(frozen=True, slots=True)
class HistorySteps:
    """The steps that can be taken back, and those that can be done again; the latest last."""

    undo: tuple[HistoryStep, ...] = ()
    redo: tuple[HistoryStep, ...] = ()

    def done(self, step: HistoryStep) -> HistorySteps:
        """The steps with one more, or a longer last one; what its editor had taken back is not done again."""
        undo = self.undo
        if undo and step.goes_on(undo[-1]):
            step = replace(step, before=undo[-1].before, since=undo[-1].since, nearly=step.before)
            undo = undo[:-1]
        return HistorySteps((*undo, step)[-MOST_STEPS:], tuple(one for one in self.redo if one.by != step.by))

    def made(self, etag: str) -> bool:
        """Whether a text came of a step."""
        return any(etag in (one.after, one.nearly) for one in (*self.undo, *self.redo))


class History:
    """The steps of one issue.

    Args:
        folder: Of the issue.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / ".desk" / "undo"
        self.fault = ""
        """Why the last step could not be kept; empty when it was."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other desk of this machine from the issue meanwhile, where the folder takes ours."""
        try:
            self._made()
        except OSError:
            # Then the comparison of bytes on saving is all there is.
            yield
            return
        with alone(self.folder):
            yield

    def steps(self) -> HistorySteps:
        """What was done, as far as it can be read."""
        try:
            found = json.loads((self.folder / "steps.json").read_bytes())
            undo, redo = ([HistoryStep(**one) for one in found[key]] for key in ("undo", "redo"))
            return HistorySteps(tuple(undo), tuple(redo))
        except (OSError, ValueError, TypeError, KeyError):
            return HistorySteps()

    def text(self, etag: str) -> bytes | None:
        """The text of a fingerprint, when it is still known."""
        with _guard:
            if etag in _served:
                return _served[etag]
        with suppress(OSError, ValueError):
            raw = (self.folder / f"{etag}.md").read_bytes()
            if etag_of(raw) == etag:
                return raw
        return None

    def keep(self, steps: HistorySteps, texts: dict[str, bytes]) -> None:
        """Write down what was done; a folder that takes nothing leaves ``fault``, and the issue is saved all the same.

        Args:
            steps: All of them.
            texts: New texts among them, by their fingerprints.
        """
        self.fault = ""
        try:
            self._made()
            for etag, raw in texts.items():
                if not (self.folder / f"{etag}.md").exists():
                    self._write(f"{etag}.md", raw)
            said = {"undo": [asdict(one) for one in steps.undo], "redo": [asdict(one) for one in steps.redo]}
            self._write("steps.json", json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"))
            self._sweep(steps)
        except OSError as error:
            self.fault = f"what is done here cannot be taken back: {self.folder} takes no file ({error.strerror})"

    def last_text(self) -> Path | None:
        """The file of the text that came of the last step, for an issue whose own file is gone."""
        steps = self.steps().undo
        path = self.folder / f"{steps[-1].after}.md" if steps else None
        return path if path is not None and path.is_file() else None

    def _made(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ignored = self.folder.parent / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n", "utf-8")

    def _write(self, name: str, raw: bytes) -> None:
        unfinished = self.folder / f".{name}.{secrets.token_hex(4)}.part"
        try:
            unfinished.write_bytes(raw)
            unfinished.replace(self.folder / name)
        finally:
            unfinished.unlink(missing_ok=True)

    def _sweep(self, steps: HistorySteps) -> None:
        """Forget the oldest texts that no step leads to any more; a page may still have been shown a newer one."""
        named = {etag for one in (*steps.undo, *steps.redo) for etag in (one.before, one.after, one.nearly)}
        others = [path for path in self.folder.glob("*.md") if path.stem not in named]
        if len(others) > MOST_OTHERS:
            others.sort(key=lambda path: path.stat().st_mtime_ns)
            for path in others[: MOST_OTHERS // 2]:
                path.unlink(missing_ok=True)


def remember(raw: bytes) -> str:
    """Keep a text that a page is shown, so that its changes can be joined with others'; gives its fingerprint."""
    etag = etag_of(raw)
    with _guard:
        _served[etag] = raw
        _served.move_to_end(etag)
        while len(_served) > _SERVED:
            _served.popitem(last=False)
    return etag
