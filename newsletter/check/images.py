"""Pictures: described, encrypted, of a kind and size that mail programs show well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from newsletter.check.context import (
    CheckInput,
    Rule,
    in_line,
    setting,
    shown,
    teller,
)
from newsletter.check.reading import IssuePicture
from newsletter.models import Level, Problem
from newsletter.text.tidy import arabic_fold

CODES: Mapping[str, Level] = {
    "image-without-alt": "warning",
    "image-alt-file-name": "warning",
    "image-http": "error",
    "image-kind": "warning",
    "image-small": "warning",
    "image-large": "warning",
    "image-ratio": "warning",
    "image-heavy": "warning",
    "image-still": "warning",
    "image-twice": "warning",
    "image-dead": "error",
    "image-unsure": "warning",
    "image-unserved": "error",
    "letter-heavy": "warning",
}
_tell = teller(CODES)

COPY = "take a copy of it: newsletter check --host-pictures"
"""What mends a picture of another site that is there, but not as mail programs want it."""

SMALLEST_LEAD, SMALLEST = 576, 176
"""Pixels across: as wide as the shipped letters show the first story's picture, and the others at their widest."""
LARGEST = 4000
"""Pixels across or down; twice what a letter of 640 pixels can show on the sharpest screens is 1280."""
WIDEST, TALLEST = 4.0, 0.4
"""Width divided by height; beyond these a picture is a stripe."""
HEAVIEST = 1_000_000
"""Bytes of a picture that is loaded: some ten seconds on a weak mobile connection (1 Mbit/s)."""
HEAVIEST_MADE = 150_000
"""Bytes of a picture that was made for the letter; only one that cannot be read with less has more."""
HEAVIEST_LETTER = 5_000_000
"""Bytes of a letter with all its pictures."""
HEAVIEST_INSIDE = 1_000_000
"""Bytes of a letter as it travels, each copy of it."""
_MOVING = frozenset({"", "image/gif"})
GOOD_KINDS = frozenset({"image/jpeg", "image/png", "image/gif"})
"""What every mail program shows (caniemail.com); WebP fails in Outlook for Windows, SVG and AVIF in most."""

_FILE_NAME = re.compile(
    r"^\S+\.(?:jpe?g|png|gif|webp|avif|svg|heic|bmp|tiff?)$"
    r"|^(?:img|dsc|dscn|dscf|pxl|mvimg|photo|image|screenshot|whatsapp image|picture)"
    r"[\s_-]*[\d\s_.:-]*(?:at [\d. ]+)?$|^[0-9a-f_-]{16,}$|^\d+[x×]\d+$",
    re.IGNORECASE,
)
_EMPTY_WORDS = frozenset(map(arabic_fold, ("صورة", "الصورة", "صوره", "وصف الصورة", "image", "photo", "picture", "alt")))
_UNMADE = frozenset({"image/svg+xml", "image/heic", "image/jxl"})
"""Kinds of which no copy can be made for a letter."""
_KIND_BY_NAME = {"webp": "image/webp", "svg": "image/svg+xml", "avif": "image/avif", "heic": "image/heic"}


@dataclass(frozen=True, slots=True)
class _Sized:
    image: IssuePicture
    content_type: str
    width: int
    height: int
    weight: int
    made: bool = False
    """It is a file beside the issue: its size is the file's, and its kind and weight those of what travels."""


def image_words(case: CheckInput) -> Iterator[Problem]:
    """What is said to whoever does not see the picture; many mail programs show none at first."""
    for image in case.reading.images:
        alt = image.alt.strip()
        mend = "write ![what it shows](address)"
        if not alt:
            whose = f" of «{shown(image.story.headline)}»" if image.story is not None else ""
            yield _tell("image-without-alt", f"the picture{whose} has no description", case.at(image.line), mend)
        elif _FILE_NAME.match(alt) or arabic_fold(alt) in _EMPTY_WORDS or _same_as_file(alt, image.address):
            yield _tell("image-alt-file-name", f"«{shown(alt)}» does not describe a picture", case.at(image.line), mend)


def _same_as_file(alt: str, address: str) -> bool:
    """The description is the name of the file; a name of several words may have been written as one."""
    name = unquote(urlsplit(address).path if "//" in address else address).rpartition("/")[2].rpartition(".")[0]
    return bool(name) and alt == name and (not re.search(r"\s", alt))


def image_http(case: CheckInput) -> Iterator[Problem]:
    """A picture that is not encrypted; mail programs do not load it, or warn of it."""
    found = case.known.found.pictures if case.known.found is not None else {}
    for image in case.reading.images:
        remote = found.get(image.address)
        if image.address.lower().startswith("http://"):
            yield _tell(
                "image-http",
                f"the picture is not encrypted: {shown(unquote(image.address))}",
                case.at(image.line),
                "write https://, where it answers too" if remote is not None and remote.secure else COPY,
            )
        elif remote is not None and remote.unencrypted:
            yield _tell(
                "image-http",
                f"the picture leads to an address that is not encrypted: {shown(unquote(remote.unencrypted))}",
                case.at(image.line),
                COPY,
            )


def image_twice(case: CheckInput) -> Iterator[Problem]:
    """One picture under two stories."""
    seen: dict[str, int] = {}
    for image in case.reading.images:
        if image.address in seen:
            yield _tell(
                "image-twice",
                f"the same picture stands above{in_line(seen[image.address])}",
                case.at(image.line),
                "choose another one",
            )
        seen.setdefault(image.address, image.line)


def image_form(case: CheckInput) -> Iterator[Problem]:
    """Kind, size, shape and weight of each picture, as far as its bytes are known."""
    for sized in _sized(case):
        yield from _kind(case, sized)
        yield from _size(case, sized)
        if sized.made and sized.weight > HEAVIEST_MADE:
            yield _tell(
                "image-heavy",
                f"the picture still weighs {sized.weight / 1000:.0f} kB, made as small as it can be read",
                case.at(sized.image.line),
                f"cut out the part that matters, or make two of it; {HEAVIEST_MADE / 1000:.0f} kB are good",
            )
        elif not sized.made and sized.weight > HEAVIEST:
            yield _tell(
                "image-heavy",
                f"the picture weighs {sized.weight / 1e6:.1f} MB",
                case.at(sized.image.line),
                COPY
                if sized.image.remote
                else f"save it with less quality or fewer pixels, below {HEAVIEST / 1e6:.0f} MB",
            )


def image_still(case: CheckInput) -> Iterator[Problem]:
    """A picture that moves, and stands still in the letter."""
    if case.letter is None:
        return
    travelling = {picture.cid: picture.content_type for picture in case.letter.rendered.own_pictures}
    for image in case.reading.images:
        local = case.known.pictures.get(image.address)
        if local is not None and image.address in case.known.moving and travelling.get(local.cid, "") not in _MOVING:
            yield _tell(
                "image-still",
                f"the picture {shown(image.address)} moves, and only its first frame goes out",
                case.at(image.line),
                f"save it as GIF with at most {HEAVIEST_MADE / 1000:.0f} kB, no wider than twice what is shown",
            )


def _kind(case: CheckInput, sized: _Sized) -> Iterator[Problem]:
    if sized.content_type and sized.content_type not in GOOD_KINDS:
        name = sized.content_type.partition("/")[2].removesuffix("+xml").upper()
        yield _tell(
            "image-kind",
            f"the picture is {name}, which not every mail program shows",
            case.at(sized.image.line),
            COPY if sized.image.remote and sized.content_type not in _UNMADE else "save it as JPEG or PNG",
        )


def _size(case: CheckInput, sized: _Sized) -> Iterator[Problem]:
    if not sized.width or not sized.height:
        return
    place, form = case.at(sized.image.line), f"{sized.width}×{sized.height} pixels"
    least = SMALLEST_LEAD if sized.image.lead else SMALLEST
    # Among the editor's words a picture stands in its own size.
    if sized.image.story is not None and sized.width < least:
        yield _tell(
            "image-small",
            f"the picture has {form}; at its place {least} are shown across",
            place,
            "take a larger one, or none",
        )
    elif not sized.made and max(sized.width, sized.height) > LARGEST:
        enough = "1280 pixels across are enough for every screen"
        yield _tell("image-large", f"the picture has {form}", place, COPY if sized.image.remote else enough)
    shape = sized.width / sized.height
    if not TALLEST <= shape <= WIDEST:
        words = "a stripe" if shape > 1 else "a column"
        yield _tell("image-ratio", f"the picture is {words}: {form}", place, "cut it to about three by two")


def _sized(case: CheckInput) -> Iterator[_Sized]:
    found = case.known.found.pictures if case.known.found is not None else {}
    travelling = {one.cid: one for one in case.letter.rendered.own_pictures} if case.letter is not None else {}
    told: set[str] = set()
    for image in case.reading.images:
        if image.address in told:
            continue
        told.add(image.address)
        local, remote = case.known.pictures.get(image.address), found.get(image.address)
        if local is not None:
            one = travelling.get(local.cid)
            kind, weight = (one.content_type, len(one.data)) if one is not None else ("", 0)
            yield _Sized(image, kind, local.width, local.height, weight, made=True)
        elif remote is not None and not remote.trouble:
            yield _Sized(image, remote.content_type, remote.width, remote.height, remote.weight)
        else:
            suffix = urlsplit(image.address).path.rpartition(".")[2].lower() if image.remote else ""
            yield _Sized(image, _KIND_BY_NAME.get(suffix, ""), 0, 0, 0)


def image_asked(case: CheckInput) -> Iterator[Problem]:
    """Pictures that their server does not give."""
    if case.known.found is None:
        return
    for image in case.reading.images:
        remote = case.known.found.pictures.get(image.address)
        if remote is not None and remote.trouble:
            yield _tell(
                "image-dead" if remote.gone else "image-unsure",
                f"the picture {shown(unquote(image.address))} does not come: {remote.trouble}",
                case.at(image.line),
                "correct the address" if remote.gone else "open it in a browser and see",
            )


def image_unserved(case: CheckInput) -> Iterator[Problem]:
    """Reader pages that answer, but do not give the pictures that the letter names there."""
    found = case.known.found
    if (
        found is None
        or found.hosted is None
        or not found.hosted.trouble
        or (found.web is not None and found.web.trouble)
    ):
        return
    yield _tell(
        "image-unserved" if found.hosted.gone else "image-unsure",
        f"the reader pages at {shown(case.known.web_url)} do not give the letter's pictures: {found.hosted.trouble}",
        setting("letter", "pictures"),
        'let newsletter serve of this version answer there, with this database; or set pictures = "inline"',
    )


def letter_heavy(case: CheckInput) -> Iterator[Problem]:
    """The letter with everything that travels in it or is loaded by it."""
    if case.letter is None:
        return
    rendered = case.letter.rendered
    inside = sum(len(picture.data) for picture in rendered.pictures)
    travels = (len(rendered.html.encode()) + len(rendered.text.encode()) + inside) * 4 // 3
    found = case.known.found.pictures.values() if case.known.found is not None else ()
    weight = travels + sum(picture.weight for picture in found) + sum(len(picture.data) for picture in rendered.hosted)
    words = f"the letter weighs {weight / 1e6:.1f} MB with its pictures, {travels / 1e6:.1f} MB of them inside it"
    if travels > HEAVIEST_INSIDE:
        mend = f"take out some of the pictures; below {HEAVIEST_INSIDE / 1e6:.0f} MB it is quickly sent and opened"
        yield _tell("letter-heavy", words, case.issue.path, mend)
    elif weight > HEAVIEST_LETTER:
        mend = f"shrink the pictures; below {HEAVIEST_LETTER / 1e6:.0f} MB it opens on a phone in some seconds"
        yield _tell("letter-heavy", words, case.issue.path, mend)


RULES: tuple[Rule, ...] = (
    image_words,
    image_http,
    image_twice,
    image_form,
    image_still,
    image_asked,
    image_unserved,
    letter_heavy,
)
