"""The fonts of this machine: which there are, and which of them has each sign of a text. None is shipped."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from newsletter.errors import NashraError
from newsletter.sharing.sfnt import signs_of

_ARABIC_SANS = ("Noto Sans Arabic", "Noto Kufi Arabic", "IBM Plex Sans Arabic", "Vazirmatn", "Cairo", "Tajawal")
_ARABIC_SERIF = ("Noto Naskh Arabic", "Amiri", "Scheherazade New", "Scheherazade", "KacstOne", "KacstBook")
_HEBREW = ("Noto Sans Hebrew", "Noto Serif Hebrew", "David CLM", "Frank Ruehl CLM")
_SANS = ("Noto Sans", "Segoe UI", "Helvetica Neue", "Open Sans", "Liberation Sans")
_SERIF = ("Noto Serif", "Georgia", "Liberation Serif", "Times New Roman")
_EVERY = ("Geeza Pro", "Tahoma", "Arial", "DejaVu Sans", "FreeSans", "FreeSerif")
_BY_LANGUAGE = {"ar": "arabic", "fa": "arabic", "ur": "arabic", "ps": "arabic", "ckb": "arabic", "he": "hebrew"}
_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
_SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})
_MOST_FILES = 20_000
_BOLD = 160
"""fontconfig's weight from which a font is heavier than half-bold (FC_WEIGHT_DEMIBOLD is 180)."""
_SHORT = {"tahoma": "tahomabd", "arial": "arialbd", "segoeui": "segoeuib", "georgia": "georgiab"}
"""How Windows calls the bold file of a family."""


class NoFontError(NashraError):
    """What a share picture needs is not on this machine.

    Args:
        what: As in every complaint.
        mend: As in every complaint.
        where: As in every complaint.
        lasting: Whether it is missing for every picture, and not for the letters of this one.
        letters: The letters that no font has, some of them.
    """

    def __init__(self, what: str, *, mend: str, where: str = "", lasting: bool = False, letters: str = "") -> None:
        super().__init__(what, where=where, mend=mend)
        self.lasting = lasting
        self.letters = letters


@dataclass(frozen=True, slots=True)
class FontFile:
    """One font."""

    path: Path
    index: int = 0
    """Which font of a collection."""
    variable: bool = False
    """Whether it has an axis of weight, which is to be set."""

    def has(self, sign: str) -> bool:
        """Whether it has a glyph for a sign."""
        return ord(sign) in signs_of(self.path, self.index)


class FontShelf:
    """The fonts that a share picture may use, in the order in which they are asked for a sign.

    Args:
        language: Of the newsroom.
        families: What the newsroom chose: names of fonts, ``serif`` or ``sans``.
        own: A font file of the newsroom's, asked first.
        installed: The fonts of this machine; those that are found without it.
    """

    def __init__(
        self,
        language: str,
        families: Sequence[str] = (),
        *,
        own: Path | None = None,
        installed: Sequence[InstalledFont] | None = None,
    ) -> None:
        self._own = [FontFile(own)] if own is not None else []
        self._installed = found() if installed is None else tuple(installed)
        self._wanted = tuple(_wanted(re.split("[-_]", language)[0], families))

    def chain(self, text: str, *, bold: bool) -> list[FontFile]:
        """Fonts that have every letter of a text between them, the best first.

        Args:
            text: What is drawn.
            bold: Whether the heavy ones are wanted; the others are taken where there are none.

        Raises:
            NoFontError: There are letters in it that no font has.
        """
        for one in self._own:
            if not signs_of(one.path, one.index):
                raise NoFontError(
                    f"{one.path.name} is no font that can be read",
                    where="[web] share_font",
                    mend="name a TrueType or OpenType file of the workspace",
                    lasting=True,
                )
        missing = {sign for sign in text if needs_glyph(sign)}
        chain: list[FontFile] = []
        for one in self._candidates(bold=bold):
            if not missing:
                break
            has = {sign for sign in missing if one.has(sign)}
            if has:
                chain.append(one)
                missing -= has
        letters = sorted(sign for sign in missing if is_dear(sign))
        if letters:
            some = " ".join(letters[:8])
            raise NoFontError(
                f"no font on this machine has these letters of the share picture: {some}",
                letters=some,
                mend="install fonts (on Debian: apt-get install fonts-noto-core), or name a font file in "
                "[web] share_font",
            )
        return chain

    def _candidates(self, *, bold: bool) -> Iterator[FontFile]:
        yield from self._own
        by_name: dict[str, list[InstalledFont]] = {}
        for one in self._installed:
            for name in one.names:
                by_name.setdefault(name, []).append(one)
        for family in self._wanted:
            ones = by_name.get(_plain(family), [])
            if ones:
                yield min(ones, key=lambda one: one.distance(bold=bold)).file


@dataclass(frozen=True, slots=True)
class InstalledFont:
    """A font of this machine and what it is called."""

    file: FontFile
    names: tuple[str, ...]
    bold: bool
    ordinary: bool = True
    """Neither slanted nor narrow, and neither thin nor black."""

    def distance(self, *, bold: bool) -> tuple[bool, bool, str]:
        """How far it is from what is wanted, the smaller the better."""
        return (not self.ordinary, not self.file.variable and self.bold != bold, str(self.file.path))


def needs_glyph(sign: str) -> bool:
    """Whether something is to be seen of a sign."""
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs") and not "\ufe00" <= sign <= "\ufe0f"


def is_dear(sign: str) -> bool:
    """Whether a text says something else without this sign; a picture in the text (emoji) is left out instead.

    So is what is drawn around a sign, as the key around the number of 1️⃣.
    """
    return needs_glyph(sign) and unicodedata.category(sign)[0] in "LNMP" and unicodedata.category(sign) != "Me"


def _wanted(language: str, families: Sequence[str]) -> Iterator[str]:
    serif = "serif" in families
    arabic = (*_ARABIC_SERIF, *_ARABIC_SANS) if serif else (*_ARABIC_SANS, *_ARABIC_SERIF)
    latin = (*_SERIF, *_SANS) if serif else (*_SANS, *_SERIF)
    scripts = {"arabic": arabic, "hebrew": _HEBREW, "latin": latin}
    first = _BY_LANGUAGE.get(language, "latin")
    order = [first, *(name for name in ("latin", "arabic", "hebrew") if name != first)]
    names = [one for one in families if one not in ("serif", "sans")]
    yield from dict.fromkeys([*names, *(family for script in order for family in scripts[script]), *_EVERY])


def families(css: str) -> tuple[str, ...]:
    """The names in a CSS list of font families.

    Args:
        css: Such as ``'Noto Kufi Arabic', Tahoma, sans-serif``; also ``serif`` and ``sans`` alone.
    """
    names = [one.strip().strip("'\"") for one in css.split(",")]
    kinds = {"sans-serif": "sans", "serif": "serif", "sans": "sans"}
    return tuple(kinds.get(one, one) for one in names if one and not one.startswith("-"))


@lru_cache(maxsize=1)
def found() -> tuple[InstalledFont, ...]:
    """The fonts of this machine: those that fontconfig names, and those in the usual folders where it is not there."""
    program = shutil.which("fc-list")
    if program is not None:
        form = "%{file}|%{index}|%{family}|%{weight}|%{slant}|%{variable}|%{width}\n"
        try:
            told = subprocess.run([program, "--format", form], capture_output=True, timeout=20, check=True)
            return tuple(_of_fontconfig(told.stdout.decode("utf-8", "replace").splitlines()))
        except (OSError, subprocess.SubprocessError):
            pass
    return tuple(_of_folders())


def _of_fontconfig(lines: Iterable[str]) -> Iterator[InstalledFont]:
    for line in lines:
        parts = line.rsplit("|", 6)
        if len(parts) != 7 or Path(parts[0]).suffix.lower() not in _SUFFIXES or not parts[1].isdecimal():
            continue
        path, index, family, weight, slant, variable, width = parts
        # Instances of a variable font count in the upper bits; the font itself says a range.
        if int(index) >> 16:
            continue
        first = re.match(r"\[?(\d+)", weight)
        heavy = int(first[1]) if first else 80
        yield InstalledFont(
            FontFile(Path(path), int(index), variable == "True"),
            tuple(_plain(one) for one in family.split(",")),
            heavy >= _BOLD,
            slant == "0" and width in ("100", "") and (heavy in (80, 200) or variable == "True"),
        )


def _of_folders() -> Iterator[InstalledFont]:
    seen = 0
    for folder in _FOLDERS if sys.platform == "win32" else _FOLDERS[:-1]:
        for where, _, names in os.walk(Path(folder).expanduser()):
            for name in names:
                seen += 1
                if seen > _MOST_FILES:
                    return
                path = Path(where) / name
                if path.suffix.lower() in _SUFFIXES:
                    yield _of_file(path)


def _of_file(path: Path) -> InstalledFont:
    stem = re.sub(r"\[.*", "", path.stem)
    family, _, style = stem.partition("-")
    short = {bold: name for name, bold in _SHORT.items()}.get(stem.lower())
    style = style.lower()
    return InstalledFont(
        FontFile(path, 0, "[" in path.stem),
        (_plain(short or family),),
        style == "bold" or short is not None,
        style in ("", "regular", "bold", "book"),
    )


def _plain(name: str) -> str:
    """A family's name as it is compared: without case and blanks."""
    return re.sub(r"[\s_-]+", "", name).lower()
