"""Local pictures of a letter: found beside the issue or the settings, and made for the letter once it is known how wide
each is shown.

Two steps. ``of_issue`` looks at the files, without decoding them, and gives what a letter is laid out with. ``made``
takes the finished letter, reads how wide it shows each picture, and puts in its bytes: upright, in sRGB, without any
metadata, at most twice as many pixels as are shown, as JPEG or PNG. The files stay untouched.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.errors import IssueError
from newsletter.issues import theming
from newsletter.letters.pictures import moving
from newsletter.letters.pictures.converting import PictureFault, pixels
from newsletter.letters.pictures.encoding import MOST_BYTES, EncodedPicture, encoded
from newsletter.letters.pictures.kinds import kind_of
from newsletter.letters.pictures.local import LocalPicture, find
from newsletter.models import SUFFIXES, Issue, Picture, Publication, Rendered, setting_picture

__all__ = ["MOST_BYTES", "LocalPicture", "LocalPictures", "kind_of", "made", "of_issue", "of_settings"]

WIDEST = 640
"""CSS pixels of a letter; what stands behind its words is shown so wide."""
_LEAST_SHOWN = 176
"""Thumbnails of rows are written narrower, and shown so wide where there is room."""
_SHARP = 2.0
"""Pixels for each CSS pixel: more is seen by nobody at arm's length."""
_WIDE = 480
"""CSS pixels from which a picture keeps all its sharpness."""
TOGETHER = MOST_BYTES
"""Bytes of all pictures of a letter, as far as it goes: together they weigh no more than one of them may."""


@dataclass(frozen=True, slots=True)
class _Frugality:
    """How much is saved at the pictures of a letter."""

    quality: int
    """Of a JPEG, at best."""
    sharp: float
    """Pixels for each CSS pixel of pictures that are not wide."""
    share: float
    """Of the weight that the first of these gives, measured on the sample pictures: of the wide ones."""
    share_of_others: float


_FRUGALITIES = (
    _Frugality(75, _SHARP, 1.0, 1.0),
    _Frugality(68, _SHARP, 0.9, 0.9),
    _Frugality(60, _SHARP, 0.77, 0.77),
    _Frugality(60, 1.5, 0.77, 0.52),
)
_CARD = "#ffffff"
"""Ground of a letter whose theme names none."""
_FACE = ("logo_dark", "portrait", "picture")
"""The keys of ``[theme]`` that name a picture."""
_KEPT = 128
"""Pictures that this process has made and keeps, of at most 150 kB each as a rule."""

_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_CID = re.compile(r"""cid:([^"'\s)>]+)""")
_WIDTH = re.compile(r"""(?<![\w-])width="(\d+)(?:px)?\"""")
_done: OrderedDict[tuple[bytes, int, int, int, float, str], EncodedPicture] = OrderedDict()


@dataclass(frozen=True, slots=True)
class LocalPictures:
    """The local pictures of a letter, and what is wrong with those that cannot travel."""

    found: Mapping[str, LocalPicture]
    """By the name the issue calls them; those of the settings as ``models.setting_picture`` names them."""
    faults: tuple[IssueError, ...] = ()

    @property
    def sizes(self) -> dict[str, Picture]:
        """What a letter is laid out with."""
        return {name: one.picture for name, one in self.found.items()}

    @property
    def moving(self) -> frozenset[str]:
        """The names of those that are animations."""
        return frozenset(name for name, one in self.found.items() if one.moves)

    def checked(self) -> LocalPictures:
        """The same, when all of them can travel.

        Raises:
            IssueError: One cannot. It tells of all, those included that break only when they are decoded.
        """
        if self.faults:
            raise IssueError.of([*self.faults, *_broken(self.found.values())])
        return self


def of_issue(
    issue: Issue, addresses: Iterable[tuple[str, int]], *, domain: str, publication: Publication, root: Path
) -> LocalPictures:
    """Look at the local pictures of an issue and of the settings.

    Args:
        issue: As it was read; its folder is where the names of its pictures start.
        addresses: Address and line of each picture in it (``newsletter.issues.pictures.addresses``).
        domain: Right side of every Content-ID.
        publication: What the settings say; they may name files of the workspace.
        root: Folder of the workspace.
    """
    found: dict[str, LocalPicture] = {}
    faults: list[IssueError] = []
    folder = Path(issue.path).parent
    wanted = [(folder, name, name, f"{issue.path}:{line}", "the issue's folder") for name, line in addresses]
    wanted += [(root, setting_picture(name), name, where, "the workspace") for where, name in publication.files]
    wanted += [_of_the_face(issue, publication, key, folder, root) for key in _FACE]
    # Programs that darken a letter by themselves leave pictures as they are: a dark logo would stand on a dark ground.
    logo = setting_picture(publication.logo) if publication.logo != publication.theme.logo_dark else ""
    ground = str(issue.theme.get("card") or publication.theme.card) or _CARD
    told: set[str] = set()
    for home, key, name, where, called in wanted:
        if is_local(name) and key not in found and key not in told:
            try:
                one = find(home, name, len(found) + 1, domain, where, called)
                found[key] = replace(one, ground=ground) if key == logo else one
            except IssueError as error:
                told.add(key)
                faults.append(error)
    return LocalPictures(found, tuple(faults))


def of_settings(publication: Publication, *, domain: str, root: Path) -> LocalPictures:
    """The local pictures that the settings name, for a letter of no issue; arguments as for ``of_issue``."""
    return of_issue(Issue(0, ""), (), domain=domain, publication=publication, root=root)


def _of_the_face(
    issue: Issue, publication: Publication, key: str, folder: Path, root: Path
) -> tuple[Path, str, str, str, str]:
    """A picture of ``[theme]`` as ``of_issue`` wants it: what an issue names lies beside it, else in the workspace."""
    name = str(issue.theme.get(key) or getattr(publication.theme, key))
    where = theming.place(issue, key)
    if issue.theme.get(key) and is_local(name) and (folder / name).is_file():
        return folder, name, name, where, "the issue's folder"
    return root, setting_picture(name), name, where, "the workspace"


def is_local(address: str) -> bool:
    """Whether the address of a picture names a file."""
    return bool(address) and not re.match(r"(?:https?|cid|data|ftp|file|blob):|//", address, re.IGNORECASE)


def _broken(pictures: Iterable[LocalPicture]) -> Iterator[IssueError]:
    """The faults that show only when a picture is decoded."""
    for one in pictures:
        try:
            pixels(one.data(), 64, 64)
        except PictureFault as fault:
            yield fault.told(one.called, one.where)
        except IssueError as error:
            yield error


def made(rendered: Rendered, pictures: LocalPictures) -> Rendered:
    """A letter with the bytes of its local pictures.

    Args:
        rendered: As ``newsletter.letters.render`` made it with ``pictures.sizes``.
        pictures: As ``of_issue`` found them.

    Raises:
        IssueError: A picture is broken; tells of all that are.
    """
    widths = shown(rendered.html)
    originals = {one.picture.cid: one for one in pictures.found.values()}
    first = _all_made(rendered.pictures, originals, widths, _FRUGALITIES[0])
    frugality = _frugality(first, widths)
    found = first if frugality is _FRUGALITIES[0] else _all_made(rendered.pictures, originals, widths, frugality)
    return replace(rendered, pictures=tuple(found))


def _frugality(pictures: Iterable[Picture], widths: Mapping[str, int]) -> _Frugality:
    """The least saving by which all pictures together weigh no more than they may."""
    large, others = 0, 0
    for one in pictures:
        if widths.get(one.cid, WIDEST) >= _WIDE:
            large += len(one.data)
        else:
            others += len(one.data)
    for frugality in _FRUGALITIES:
        if large * frugality.share + others * frugality.share_of_others <= TOGETHER:
            return frugality
    return _FRUGALITIES[-1]


def _all_made(
    pictures: Iterable[Picture],
    originals: Mapping[str, LocalPicture],
    widths: Mapping[str, int],
    frugality: _Frugality,
) -> list[Picture]:
    """The pictures with their bytes.

    Raises:
        IssueError: One is broken; tells of all that are.
    """
    travelling: list[Picture] = []
    faults: list[IssueError] = []
    for picture in pictures:
        original = originals.get(picture.cid)
        if original is None:
            travelling.append(picture)  # our own, which came ready
            continue
        width = widths.get(picture.cid, WIDEST)
        try:
            one = _made(original, width, frugality.quality, _SHARP if width >= _WIDE else frugality.sharp)
        except PictureFault as fault:
            faults.append(fault.told(original.called, original.where))
            continue
        except IssueError as error:
            faults.append(error)
            continue
        name = Path(original.picture.name).stem + SUFFIXES[one.content_type]
        travelling.append(Picture(picture.cid, one.content_type, one.data, name, one.width, one.height))
    if faults:
        raise IssueError.of(faults)
    return travelling


def shown(html: str) -> dict[str, int]:
    """How wide a letter shows each picture that travels in it, in CSS pixels, by Content-ID.

    Args:
        html: The finished letter. A picture without a width, or one that is no ``img`` (a background), has the
            letter's whole width.
    """
    widths: dict[str, int] = {}
    rest, at = [], 0
    for tag in _IMAGE.finditer(html):
        rest.append(html[at : tag.start()])
        at = tag.end()
        width = _WIDTH.search(tag.group())
        for cid in _CID.findall(tag.group()):
            wide = max(_LEAST_SHOWN, min(int(width[1]), WIDEST)) if width else WIDEST
            widths[cid] = max(widths.get(cid, 0), wide)
    for cid in _CID.findall("".join([*rest, html[at:]])):
        widths[cid] = WIDEST
    return widths


def _made(original: LocalPicture, width: int, quality: int, sharp: float) -> EncodedPicture:
    """The picture at a width, made once for its content."""
    data = original.data()
    height = math.ceil(width * original.picture.height / original.picture.width)
    key = hashlib.sha256(data).digest(), width, height, quality, sharp, original.ground
    one = _done.get(key)
    if one is not None:
        _done.move_to_end(key)
    else:
        one = _moving(original, data, width)
        if one is None:
            image = pixels(data, round(sharp * width), round(sharp * height), ground=original.ground)
            one = encoded(image, (width, height), quality=quality)
        _done[key] = one
        while len(_done) > _KEPT:
            _done.popitem(last=False)
    return one


def _moving(original: LocalPicture, data: bytes, width: int) -> EncodedPicture | None:
    """An animated GIF as it moves, when it is light and no wider than it may be; all others stand still."""
    picture = original.picture
    if not original.moves or picture.content_type != "image/gif" or picture.width > _SHARP * width:
        return None
    pixels(data, 64, 64)  # its first frame must be whole
    clean = moving.cleaned(data)
    if clean is None or len(clean) > MOST_BYTES:
        return None
    return EncodedPicture("image/gif", clean, picture.width, picture.height)
