"""Names of months, as sites of the region spell them, and patterns for dates that are written with them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

GREGORIAN = (
    "يناير جانفي كانون_الثاني كانون_ثاني january jan janvier janv ژانویه ינואר جنوری",
    "فبراير فيفري شباط february feb février fevrier févr فوریه פברואר فروری",
    "مارس آذار march mar mars מרץ מרס مارچ",
    "أبريل أفريل نيسان april apr avril avr آوریل אפריל اپریل",
    "مايو ماي أيار may mai مه می מאי مئی",
    "يونيو يونيه جوان حزيران june jun juin ژوئن יוני جون",
    "يوليو يوليه جويلية يوليوز تموز july jul juillet juil ژوئیه ژوییه جولای יולי جولائی",
    "أغسطس غشت أوت آب august aug août aout אוגוסט اگست آگوست",
    "سبتمبر شتنبر أيلول september sep sept septembre سپتامبر ספטמבר ستمبر",
    "أكتوبر تشرين_الأول تشرين_أول october oct octobre اکتبر אוקטובר اکتوبر",
    "نوفمبر نونبر تشرين_الثاني تشرين_ثاني november nov novembre نوامبر נובמבר نومبر",
    "ديسمبر دجنبر كانون_الأول كانون_أول december dec décembre decembre déc دسامبر דצמבר دسمبر",
)
"""Levantine, Egyptian and Maghrebi Arabic, English, French, Persian, Hebrew and Urdu."""
PERSIAN = (
    "فروردین حمل",
    "اردیبهشت ثور",
    "خرداد جوزا",
    "تیر سرطان",
    "مرداد امرداد اسد",
    "شهریور سنبله",
    "مهر میزان",
    "آبان عقرب",
    "آذر قوس",
    "دی جدی",
    "بهمن دلو",
    "اسفند حوت",
)
"""Of Iran, and of Afghanistan."""
HIJRI = (
    "محرم محرم_الحرام",
    "صفر صفر_المظفر صفر_الخير",
    "ربيع_الأول",
    "ربيع_الثاني ربيع_الآخر",
    "جمادى_الأولى جمادى_الأول جمادي_الاولي",
    "جمادى_الآخرة جمادى_الثانية جمادى_الآخر جمادى_الثاني",
    "رجب رجب_المرجب",
    "شعبان شعبان_المعظم",
    "رمضان رمضان_المبارك",
    "شوال شوال_المكرم",
    "ذو_القعدة ذي_القعدة ذی_قعده",
    "ذو_الحجة ذي_الحجة ذی_حجه",
)
"""Arabic names and spellings, Persian ones among them."""

ENGLISH = {
    name: number
    for number, names in enumerate(GREGORIAN, start=1)
    for name in names.split()
    if name.isascii() and len(name) >= 3
}
_ALIKE = str.maketrans("أإآٱىیيكکةھ", "اااايييككهه")


def fold(text: str) -> str:
    """Bring letters that sites write in two ways to one, each to one: alefs, yehs, kafs and final heh.

    Args:
        text: Any text.
    """
    return text.translate(_ALIKE)


@cache
def numbers(months: tuple[str, ...]) -> dict[str, int]:
    """The number of every month by its folded name without spaces, in small letters.

    Args:
        months: One of the tables above.
    """
    return {
        _spelt(name).replace("_", ""): number for number, names in enumerate(months, start=1) for name in names.split()
    }


@cache
def day_first(months: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for a day, a month's name and a year, in folded text.

    Args:
        months: One of the tables above.
    """
    one = _any(months)
    return re.compile(
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:er|st|nd|rd|th)?\s*(?:من\s+|of\s+|ב)?(?:شهر\s+)?[-/،,.]?\s*(?P<month>{one})\.?(?!\w)"
        rf"(?:\s*[/(]\s*{one}\)?)?\s*[-/،,]?\s*(?:ماه\s+)?(?:ل?عام\s+|ل?سنه\s+|سال\s+)?(?P<year>\d{{4}})(?!\d)",
        re.IGNORECASE,
    )


@cache
def year_first(months: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for a year, a month's name and a day, in folded text.

    Args:
        months: One of the tables above.
    """
    return re.compile(
        rf"(?<!\d)(?P<year>\d{{4}})\s*[-/،,]?\s*(?P<month>{_any(months)})\.?(?!\w)\s*[-/،,]?\s*(?P<day>\d{{1,2}})(?![\d:])",
        re.IGNORECASE,
    )


@cache
def month_first(months: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for a month's name, a day and a year, in folded text.

    Args:
        months: One of the tables above.
    """
    return re.compile(
        rf"(?<!\w)(?P<month>{_any(months)})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s*[,،]?\s+(?P<year>\d{{4}})(?!\d)",
        re.IGNORECASE,
    )


def _any(months: tuple[str, ...]) -> str:
    """A pattern for any of the names, the longest first."""
    names = sorted((_spelt(name) for each in months for name in each.split()), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(name).replace("_", r"\s*") for name in names) + ")"


def _spelt(name: str) -> str:
    return fold(unicodedata.normalize("NFKC", name))
