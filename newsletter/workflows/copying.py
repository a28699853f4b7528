"""Pictures of other sites taken into the issue's folder, and named there by its file: they are ours from then on.

The file keeps all else, byte for byte: description, caption and credit of each picture too. What is there is never
written over, and a second run finds nothing left to do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from newsletter.check.reading import read
from newsletter.errors import IssueError, NashraError
from newsletter.issues import Manuscript
from newsletter.issues.markdown import parser
from newsletter.issues.pictures import addresses
from newsletter.models import SUFFIXES
from subscribers.newfile import NameTakenError, new_file

if TYPE_CHECKING:
    from newsletter.models import Issue
    from newsletter.wiring import Workspace

FOLDER = "pictures"
"""Beside the issue.md."""
_AT_ONCE = 8
_LONGEST = 60
"""Letters of a file's name."""

# Where an address may stand in Markdown: in angle brackets, or with brackets that are closed again (CommonMark 6.3).
_TARGET = re.compile(
    r"(?<=\]\()[ \t]*(?:<(https?://[^<>\n]*)>|(https?://(?:[^\s<>()]|\([^\s<>()]*\))+))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class CopiedPicture:
    """A picture of another site, and what became of it."""

    address: str
    line: int
    """Of issue.md, where it stands first; 0 when nobody knows."""
    file: str = ""
    """Its copy, as the issue names it now; empty when there is none."""
    weight: int = 0
    """Bytes of the copy."""
    why: str = ""
    """Why there is none."""
    mend: str = ""


def copy_pictures(workspace: Workspace, issue: Issue) -> tuple[CopiedPicture, ...]:
    """Take copies of the pictures that an issue loads from other sites, and let its file name the copies.

    Args:
        workspace: Its fetcher brings the pictures, with its limits and guards.
        issue: With the path of its file.

    Returns:
        Each such picture once, in the order of the file; none when there are no such pictures.

    Raises:
        IssueError: The file cannot be read or written, or was changed by somebody else meanwhile.
    """
    manuscript = Manuscript.read(Path(issue.path))
    wanted: dict[str, int] = {}
    for address, line in addresses(manuscript.issue):
        if re.match(r"https?://", address, re.IGNORECASE):
            wanted.setdefault(address, line)
    if not wanted:
        return ()
    outcomes = []
    for address, data in _each(workspace, list(wanted)):
        line = wanted[address]
        made = _copied(manuscript, address, line, data) if isinstance(data, bytes) else None
        if made is None:
            assert isinstance(data, NashraError)
            outcomes.append(CopiedPicture(address, line, why=data.what, mend=data.mend))
            continue
        manuscript, outcome = made
        outcomes.append(outcome)
    if any(one.file for one in outcomes):
        manuscript.save()
    return tuple(outcomes)


def _each(workspace: Workspace, wanted: Sequence[str]) -> Iterator[tuple[str, bytes | NashraError]]:
    """Each address with what came from it; a few are asked at once, so that never more than a few are in memory."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="copy") as pool:
        for at in range(0, len(wanted), _AT_ONCE):
            some = wanted[at : at + _AT_ONCE]
            yield from zip(some, pool.map(lambda one: _brought(workspace, one), some), strict=True)


def _brought(workspace: Workspace, address: str) -> bytes | NashraError:
    try:
        return workspace.fetcher.get(address, "image").data
    except NashraError as error:
        return error


def _copied(manuscript: Manuscript, address: str, line: int, data: bytes) -> tuple[Manuscript, CopiedPicture]:
    """The issue with a copy in place of a picture; the same one when that cannot be, and why."""
    from newsletter.letters.pictures.converting import PictureFault, look

    def left(why: str, mend: str) -> tuple[Manuscript, CopiedPicture]:
        return manuscript, CopiedPicture(address, line, why=why, mend=mend)

    try:
        seen = look(data)
    except PictureFault as fault:
        return left(f"it {fault.what}", fault.mend)
    suffix = SUFFIXES.get(seen.content_type, f".{seen.content_type.partition('/')[2]}")
    name = f"{FOLDER}/{_stem(address)}"
    if _renamed(manuscript, address, f"{name}{suffix}") is None:
        return left("its address stands in a way that is not understood", "write it as ![what it shows](address)")
    try:
        file = _kept(manuscript.path.parent, name, suffix, data)
    except OSError as error:
        raise IssueError(
            f"a picture cannot be written ({error.strerror or error})",
            where=str(manuscript.path.parent / FOLDER),
            mend="make the folder writable",
        ) from None
    renamed = _renamed(manuscript, address, file)
    assert renamed is not None
    return renamed, CopiedPicture(address, line, file, len(data))


def _stem(address: str) -> str:
    """A file's name for an address, without its suffix: letters and digits that need no escape in Markdown."""
    last = unquote(urlsplit(address).path).rstrip("/").rpartition("/")[2]
    stem = unicodedata.normalize("NFC", last.rpartition(".")[0] or last)
    return re.sub(r"[^\w-]+|_{2,}", "-", stem)[:_LONGEST].strip("-_") or "picture"


def _kept(folder: Path, name: str, suffix: str, data: bytes) -> str:
    """Keep a picture under a name that nothing else has, and return that name.

    A file that holds the very same bytes is that picture: a run that died before it wrote the issue left it.

    Raises:
        OSError: The disk does not take it, or the folder leads elsewhere.
    """
    home = folder / FOLDER
    home.mkdir(exist_ok=True)
    if not home.resolve().is_relative_to(folder.resolve()):
        raise NotADirectoryError(f"{FOLDER} leads out of the issue's folder")
    number = 1
    while True:
        called = f"{name}{suffix}" if number == 1 else f"{name}-{number}{suffix}"
        path = folder / called
        if path.is_file() and not path.is_symlink() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return called
        try:
            with new_file(path) as unfinished:
                unfinished.write_bytes(data)
            return called
        except NameTakenError:
            number += 1


def _renamed(manuscript: Manuscript, address: str, file: str) -> Manuscript | None:
    """The issue with a file's name wherever a picture has an address; None when that cannot be done by certain means.

    A link to the same address stays: each place is tried, and counts when nothing but one picture's address changed.
    """
    done = False
    # From the end on, so that the places before keep their numbers.
    for start, end in reversed(list(_places(manuscript.text, address))):
        changed = replace(manuscript, text=manuscript.text[:start] + file + manuscript.text[end:])
        if _only_one_picture(manuscript, changed, address, file):
            manuscript, done = changed, True
    there = [one for one, _ in addresses(manuscript.issue)]
    return manuscript if done and address not in there else None


def _places(text: str, address: str) -> Iterator[tuple[int, int]]:
    from markdown_it.common.utils import unescapeAll

    markdown = parser()
    for match in _TARGET.finditer(text):
        group = 1 if match[1] is not None else 2
        if markdown.normalizeLink(unescapeAll(match[group])) == address:
            start, end = match.span(group)
            yield (start - 1, end + 1) if group == 1 else (start, end)


def _only_one_picture(before: Manuscript, after: Manuscript, address: str, file: str) -> bool:
    try:
        old, new = before.issue, after.issue
    except IssueError:
        return False
    pictures = [one for one, _ in addresses(old)], [one for one, _ in addresses(new)]
    if len(pictures[0]) != len(pictures[1]) or _but_for_pictures(old) != _but_for_pictures(new):
        return False
    changed = [pair for pair in zip(*pictures, strict=True) if pair[0] != pair[1]]
    return changed == [(address, file)]


def _but_for_pictures(issue: Issue) -> Sequence[object]:
    """What an issue says beside the addresses of its pictures."""
    content = read(issue)
    return content.runs, content.links, content.headings
