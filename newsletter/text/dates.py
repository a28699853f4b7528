"""Dates, digits and plurals in the publication's language (names and rules of Unicode CLDR, through Babel)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from newsletter.text.languages import ARABIC_SCRIPT, base
from newsletter.text.sentences import Moment

if TYPE_CHECKING:
    from newsletter.models import Publication

Digits = Literal["latin", "arabic-indic"]

_ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_EASTERN_ARABIC_INDIC = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
# CLDR writes these dates with marks that only steer direction; the letter isolates its runs itself.
_MARKS = str.maketrans("", "", "\u200e\u200f\u061c")


def newsroom_date(moment: datetime, about: Publication, *, weekday: bool = False, jalali: bool | None = None) -> str:
    """A date in words, as a newsroom writes it: its language, zone, names of months, digits and calendar.

    Args:
        moment: The moment to write, an aware datetime.
        about: The newsroom.
        weekday: Whether the day's name stands before it.
        jalali: Another calendar than the newsroom's; None takes its own.
    """
    return long_date(
        moment,
        about.language,
        about.timezone,
        months=about.months,
        digits=about.digits,
        weekday=weekday,
        jalali=about.jalali if jalali is None else jalali,
    )


def long_date(
    moment: datetime,
    language: str,
    zone: str,
    *,
    months: str = "",
    digits: Digits = "latin",
    weekday: bool = True,
    jalali: bool = False,
) -> str:
    """Write a date in words, as ``الجمعة، 14 نوفمبر 2025`` or ``جمعه ۲۳ آبان ۱۴۰۴``.

    Args:
        moment: The moment to write, an aware datetime.
        language: Language tag of the publication, as ``ar`` or ``pt-BR``.
        zone: IANA name of the zone whose calendar day is meant.
        months: Locale whose month names are used, as ``ar_DZ`` (جانفي) or ``ar_LB`` (كانون الثاني). Empty takes
            the language's; for every Arabic the common names (يناير), which newsrooms of all countries write.
        digits: ``latin``, or ``arabic-indic`` (۰۱۲ for Persian and Urdu).
        weekday: Whether the day's name stands before it.
        jalali: By the Jalali (Solar Hijri) calendar of Iran and Afghanistan instead of the Gregorian one; ``months``
            may then be ``fa_AF`` (حمل) or ``ps`` (وری). Languages of other scripts get English names.
    """
    day = moment.astimezone(ZoneInfo(zone)).date()
    locale = months or ("ar" if base(language) == "ar" else language)
    # The Jalali calendar begins in March 622.
    is_jalali = jalali and day.year > 622
    written = _jalali(day, locale, weekday) if is_jalali else _written(day, locale, weekday)
    return in_digits(written, language, digits)


@lru_cache(maxsize=256)
def _written(day: date, locale: str, weekday: bool) -> str:
    # The stories of a letter share a few days.
    from babel.dates import format_date

    written = format_date(day, "full" if weekday else "long", locale=locale_of(locale))
    return str(written).translate(_MARKS)


# Names of CLDR 48. Dari and Pashto have month names of their own for the calendar that Iran calls by the old ones.
_JALALI_MONTHS: Mapping[str, str] = {
    "fa": "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند",
    "fa_AF": "حمل ثور جوزا سرطان اسد سنبلهٔ میزان عقرب قوس جدی دلو حوت",
    "ps": "وری غویی غبرگولی چنګاښ زمری وږی تله لړم لیندۍ مرغومی سلواغه کب",
    "en": "Farvardin Ordibehesht Khordad Tir Mordad Shahrivar Mehr Aban Azar Dey Bahman Esfand",
}


@lru_cache(maxsize=256)
def _jalali(day: date, locale: str, weekday: bool) -> str:
    from persiantools.jdatetime import JalaliDate

    tag = locale.replace("-", "_")
    script = "fa" if base(tag) in ARABIC_SCRIPT else "en"
    names = next(_JALALI_MONTHS[one] for one in (tag, base(tag), script) if one in _JALALI_MONTHS)
    converted: Callable[[date], Any] = JalaliDate  # its constructor has no types
    jalali = converted(day)
    written = f"{jalali.day} {names.split()[jalali.month - 1]} {jalali.year}"
    if script == "en":
        written += " AP"
    if not weekday:
        return written
    name = locale_of(locale).days["format"]["wide"][day.weekday()]
    # Persian and Pashto write no comma behind the day's name (CLDR, full dates).
    return f"{name} {written}" if base(tag) in ("fa", "ps") else f"{name}{'،' if script == 'fa' else ','} {written}"


def day_and_month(
    moment: datetime, language: str, zone: str, *, months: str = "", digits: Digits = "latin", jalali: bool = False
) -> str:
    """Write a day without its year, as ``14 نوفمبر``, ``14 November`` or ``۲۳ آبان``.

    Args:
        moment: The moment to write, an aware datetime.
        language: Language tag of the publication.
        zone: IANA name of the zone whose calendar day is meant.
        months: Locale whose month names are used, as for ``long_date``.
        digits: ``latin`` or ``arabic-indic``, as for ``long_date``.
        jalali: By the Jalali calendar, as for ``long_date``.
    """
    from babel.dates import format_skeleton

    day = moment.astimezone(ZoneInfo(zone)).date()
    locale = months or ("ar" if base(language) == "ar" else language)
    if jalali and day.year > 622:
        written = " ".join(_jalali(day, locale, False).split(" ")[:2])
    else:
        written = str(format_skeleton("MMMMd", day, locale=locale_of(locale))).translate(_MARKS)
    return in_digits(written, language, digits)


# Names of CLDR 48 (Rabi in Urdu without its stray space, qi‘da in French with its sign), and the era behind the year.
# hijridate has them in Arabic and English only, and Babel none.
_HIJRI_NAMES: Mapping[str, tuple[str, str]] = {
    "fa": (
        "محرم|صفر|ربیع‌الاول|ربیع‌الثانی|جمادی‌الاول|جمادی‌الثانی|رجب|شعبان|رمضان|شوال|ذیقعده|ذیحجه",
        "ه‍.ق",
    ),
    "ur": (
        "محرم|صفر|ربیع الاول|ربیع الثانی|جمادی الاول|جمادی الثانی|رجب|شعبان|رمضان|شوال|ذوالقعدۃ|ذوالحجۃ",
        "ہجری",
    ),
    # The prefix of the month is that of a Hebrew date.
    "he": (
        "במוחרם|בצפר|ברביע אל־אוול|ברביע א־ת׳אני|בג׳ומאדא אל־אולא|בג׳ומאדא א־ת׳אניה|ברג׳ב|בשעבאן|ברמדאן|בשוואל"
        "|בד׳ו אל־קעדה|בד׳ו אל־חיג׳ה",
        "הג׳רה",
    ),
    "fr": (
        "mouharram|safar|rabia al awal|rabia ath-thani|joumada al oula|joumada ath-thania|rajab|chaabane|ramadan"
        "|chawwal|dhou al qi‘da|dhou al-hijja",
        "H",
    ),
}
_NAMELESS = frozenset({*ARABIC_SCRIPT, "yi", "dv"}) - {"ar", *_HIJRI_NAMES}
"""Languages from right to left whose names of these months CLDR does not know; Latin ones would be a foreign body."""


def hijri_date(moment: datetime, language: str, zone: str, *, digits: Digits = "latin") -> str:
    """Write the date of the Umm al-Qura calendar, as ``23 جمادى الأولى 1447 هـ``; empty outside 1924 to 2077.

    It is empty too in a language from right to left that has no names of the months here (Pashto, Kurdish …).

    Countries that sight the moon may be a day away from it.

    Args:
        moment: The moment to write, an aware datetime.
        language: Arabic, Persian, Urdu, Hebrew and French get their own month names, other Latin ones English names.
        zone: IANA name of the zone whose calendar day is meant.
        digits: ``latin`` or ``arabic-indic``, as for ``long_date``.
    """
    from hijridate import Gregorian

    if base(language) in _NAMELESS:
        return ""
    day = moment.astimezone(ZoneInfo(zone)).date()
    try:
        hijri = Gregorian.fromdate(day).to_hijri()
    except OverflowError:
        return ""
    tag: Literal["ar", "en"] = "ar" if base(language) == "ar" else "en"
    month, era = hijri.month_name(tag), hijri.notation(tag)
    if base(language) in _HIJRI_NAMES:
        months, era = _HIJRI_NAMES[base(language)]
        month = months.split("|")[hijri.month - 1]
    return in_digits(f"{hijri.day} {month} {hijri.year} {era}", language, digits)


def in_zone(when: datetime, zone: tzinfo) -> Moment:
    """A moment as commands and alerts show it to editors: in the zone of the site, with the zone's name.

    Args:
        when: The moment, timezone-aware.
        zone: Of the site.
    """
    local = when.astimezone(zone)
    return Moment(f"{local:%Y-%m-%d %H:%M %Z}", local)


def clock(moment: datetime) -> str:
    """The time of day as ``10:05``; in the hour that clocks show twice when they are set back, as ``01:05 (+03:00)``.

    Args:
        moment: In the zone whose clocks are meant.
    """
    shown = f"{moment:%H:%M}"
    if moment.replace(fold=0).utcoffset() == moment.replace(fold=1).utcoffset():
        return shown
    return f"{shown} ({moment.isoformat()[-6:]})"


def in_digits(text: str, language: str, digits: Digits) -> str:
    """Write the Latin digits of a text in the digits asked for.

    Args:
        text: Plain text, of any length.
        language: Language tag; Persian, Urdu and Pashto have digit forms of their own (CLDR's native digits).
        digits: ``latin`` leaves the text as it is.
    """
    if digits == "latin":
        return text
    return text.translate(_EASTERN_ARABIC_INDIC if has_eastern_digits(language) else _ARABIC_INDIC)


def has_eastern_digits(language: str) -> bool:
    """Whether a language writes ۴۵۶ and not ٤٥٦ where it does not write 456 (CLDR's numbering system arabext).

    Args:
        language: Language tag.
    """
    return base(language) in ("fa", "ur", "ps")


def plural(n: int, language: str, forms: Mapping[str, str], digits: Digits = "latin") -> str:
    """Choose the form of a word that goes with a number, by CLDR's plural rules (six of them in Arabic).

    Args:
        n: The number to write.
        language: Language of the words, as ``ar`` or ``en``.
        forms: Texts by category: ``zero``, ``one``, ``two``, ``few``, ``many`` and ``other`` (needed);
            ``{n}`` in them becomes the number.
        digits: ``latin`` or ``arabic-indic``: the digits that ``{n}`` is written in.
    """
    category = locale_of(language).plural_form(n)
    return str(forms.get(category, forms["other"])).replace("{n}", in_digits(str(n), language, digits))


def locale_of(language: str) -> Any:
    """Babel's locale for a language tag; the language alone, then English, when it does not know the rest.

    Args:
        language: ``ar``, ``ar_DZ``, ``ar-DZ``, ``fr`` …
    """
    from babel import Locale, UnknownLocaleError

    wanted = language.replace("-", "_")
    for tag in (wanted, wanted.split("_")[0], "en"):
        try:
            return Locale.parse(tag)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
