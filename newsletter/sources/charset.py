"""Bytes to text, for feeds and pages that say nothing about their code page, or say it wrongly."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with theirs
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ALIASES = {
    "x-cp1256": "cp1256",
    "win-1256": "cp1256",
    "cp-1256": "cp1256",
    "windows1256": "cp1256",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "asmo-708": "iso8859-6",
    "x-mac-arabic": "mac-arabic",
    # What browsers do (WHATWG Encoding): a page that says Latin-1 means windows-1252.
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
}
_UNTRUE = {"cp1252", "utf-8"}
"""Labels that servers and templates give to anything: not believed against Arabic letters."""

_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{2,40})["']"""
    rb"""|<meta\b[^>]{0,400}?\bcharset\s*=\s*["']?\s*([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_HEAD = 4096
_SAMPLE = 20_000
_ASCII = bytes(range(128))
_LETTER = re.compile("[\u0621-\u064a]")
_BESIDE_LATIN = re.compile(rb"(?:[A-Za-z][\x80-\xff]++|(?<![\x80-\xff])[\x80-\xff]++(?=[A-Za-z]))")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_COMMON = re.compile("[الينمتور]")
_ODD = re.compile("[\ufffd\x80-\x9f×÷¤§¨¯±²³´µ¶·¸¹¼½¾‰†‡ˆƒ™]|(?<=[\u0621-\u064a])[à-ÿ]|[à-ÿ](?=[\u0621-\u064a])")
_LEAST_LETTERS = 12
_COMMON_SHARE = 0.45
_CYRILLIC = (re.compile("[а-яёА-ЯЁ]"), re.compile("[оеаинтсрвл]"))
_HEBREW = (re.compile("[א-ת]"), re.compile("[יוהלאמרתבנ]"))
_OTHER_SCRIPTS = {"cp1251": _CYRILLIC, "koi8-r": _CYRILLIC, "iso8859-5": _CYRILLIC, "cp1255": _HEBREW}
"""Letters of each script, and the ten that its language writes most."""
_SCRIPTS = frozenset({"cp1256", "iso8859-6", "mac-arabic", "cp864", "cp720"})
# In order of preference when two read equally well; windows-1256 holds the Latin letters of French too.
_CANDIDATES = ("cp1256", "iso8859-6")


def decode(data: bytes, declared: str = "") -> str:
    """Turn bytes into text: byte-order mark, strict UTF-8, the label, then Arabic, Cyrillic and Hebrew code pages.

    Strict UTF-8 goes before any label because text that is valid UTF-8 and has non-ASCII letters is hardly
    ever anything else, and labels are often wrong. The last step compares windows-1256 with ISO 8859-6 by
    how much of what they give is Arabic letters, and takes windows-1251, KOI8-R, ISO 8859-5 or windows-1255 where
    the letters are clearly those of Russian or Hebrew; undeclared code pages of other scripts come out wrong.

    Args:
        data: The document.
        declared: Label from outside (``charset`` of Content-Type); may be empty, unknown or wrong.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, errors="replace")
    wide = _wide(data)
    if wide:
        return data.decode(wide, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # A document cut inside its last letter, or with a few broken bytes, is still UTF-8.
        if _is_nearly_utf8(data):
            return data.decode("utf-8", errors="replace")
    sample = data.translate(None, _ASCII)[:_SAMPLE]
    label = _label(declared, data)
    if _amid_latin(data):
        return data.decode(label if label and label not in _UNTRUE else "cp1252", errors="replace")
    if label and label not in _UNTRUE and label not in _SCRIPTS:
        return data.decode(label, errors="replace")
    other = _other_script(sample) if label not in _SCRIPTS else ""
    if other:
        return data.decode(other, errors="replace")
    # A label of an Arabic code page counts for a tenth: it may name the other one.
    weighed = {name: 10 * _arabic(sample, name) for name in _CANDIDATES}
    if label in _SCRIPTS:
        weighed[label] = 11 * _arabic(sample, label)
    best = max(weighed, key=lambda name: weighed[name])
    if weighed[best] > 0:
        return data.decode(best, errors="replace")
    return data.decode(label or "cp1252", errors="replace")


def label_in(data: bytes) -> str:
    """Find the code page that a document names in its XML prolog or its first meta element.

    Args:
        data: The document; only its first 4096 bytes are looked at, as browsers do (they look at 1024).
    """
    found = _DECLARED.search(data[:_HEAD])
    return (found[1] or found[2]).decode("ascii", errors="replace") if found else ""


def _label(declared: str, data: bytes) -> str:
    """Python's name of the first label that is not given to anything, or of the first."""
    inner = [(found[1] or found[2]).decode("ascii", errors="replace") for found in _DECLARED.finditer(data[:_HEAD])]
    known = [name for name in map(_codec, (declared, *inner)) if name]
    return next((name for name in known if name not in _UNTRUE), known[0] if known else "")


def _other_script(sample: bytes) -> str:
    """The code page of Cyrillic or Hebrew letters that nobody named; nothing for Arabic and for short texts.

    KOI8-R has its letters where windows-1256 has Arabic ones, so what decides is how many of the letters are those
    that the language writes most: 55 to 75 % in its own code page, 26 % at most of Arabic texts read so (measured).
    """
    shares = {
        name: len(common.findall(text)) / (len(text) or 1)
        for name, (letters, common) in _OTHER_SCRIPTS.items()
        if len(letters.findall(text := sample.decode(name, errors="replace"))) >= max(_LEAST_LETTERS, 0.85 * len(text))
    }
    best = max(shares, key=lambda name: shares[name], default="")
    return best if best and shares[best] > _COMMON_SHARE else ""


def _codec(label: str) -> str:
    """Python's name of a text code page, or nothing when it knows none."""
    label = label.strip().strip("\"'").lower()
    try:
        info = codecs.lookup(_ALIASES.get(label, label))
    except (LookupError, ValueError):
        return ""
    # Python also calls base64, zip and its own escapes "codecs"; those are no text encodings.
    is_text = getattr(info, "_is_text_encoding", True) and info.name not in _NOT_FOR_TEXT
    return info.name if is_text else ""


_NOT_FOR_TEXT = {"undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "charmap"}


_PAGES = (0x00, 0x04, 0x05, 0x06, 0x20)


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: every second byte is then the page of ASCII (0), of other letters or of punctuation."""
    head = data[:200]
    if len(head) < 4 or b"\x00" not in head:
        return ""
    for name, low, high in (("utf-16-le", head[0::2], head[1::2]), ("utf-16-be", head[1::2], head[0::2])):
        if 0 not in low and sum(map(high.count, _PAGES)) * 10 > len(high) * 8:
            return name
    return ""


def _is_nearly_utf8(data: bytes) -> bool:
    broken = data.decode("utf-8", errors="replace").count("\ufffd")
    letters = len(data.translate(None, _ASCII)) // 2 - broken
    return letters > 20 * broken


def _amid_latin(data: bytes) -> bool:
    """Whether the non-ASCII letters stand inside words of ASCII letters, as accents of French do.

    ISO 8859-6 would read every one of them as an Arabic letter; real Arabic words hold no ASCII letters.
    """
    head = data[: 10 * _SAMPLE]
    beside = len(_BESIDE_LATIN.findall(head))
    return beside * 2 > len(_HIGH_RUN.findall(head))


def _arabic(sample: bytes, name: str) -> int:
    """How Arabic the non-ASCII bytes of a document read in a code page; 0 or less when they do not.

    Letters speak for it, the seven commonest ones twice; broken characters, controls, stray signs and a
    Latin letter beside an Arabic one (as ISO 8859-6 read as windows-1256 gives) speak against it.
    """
    text = sample.decode(name, errors="replace")
    letters = len(_LETTER.findall(text))
    if letters * 2 <= len(text):
        return 0
    return letters + len(_COMMON.findall(text)) - 6 * len(_ODD.findall(text))
