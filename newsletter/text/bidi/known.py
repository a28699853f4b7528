"""Words whose meaning the signs alone do not tell: units, currencies, months, abbreviations, names with a sign."""

from __future__ import annotations

import re


def _listed(words: str) -> list[str]:
    return words.split()


# SI Brochure, 9th edition (2019), tables 2, 4, 7 and 8; IEC 80000-13 for information.
_PREFIXED = _listed(
    "m g s A K mol cd Hz N Pa J W C V F Ω S Wb T H lm lx Bq Gy Sv kat l L b B bit byte t eV Wh Ah bps Wp pc"
)
_PREFIXES = ["", *_listed("T G M k h da d c m µ μ n p Ki Mi Gi Ti")]
_OTHER_UNITS = _listed(
    "min h d ha dB °C °F km/h mph kph knot knots kn rpm fps dpi ppm ppb cal kcal mmHg bar mbar psi atm in ft yd mi nm "
    "oz lb lbs ml cl dl cc hp ch cv VA kVA MVA px MP Mpx km² km2 m² m2 m³ m3 cm² cm³ cm3 bpd boe Mtoe toe bbl TEU pH "
    "sec secs mins hr hrs yr yrs pts pt pp bps kbit Mbit Gbit Tbit kbps Mbps Gbps p.p. p.m. a.m. N S E W"
)
# English and French short scale words, as newsrooms write them beside a figure.
_SCALES = _listed(
    "hundred thousand million millions billion billions trillion trillions mille milliard milliards bn mn mln tn "
    "K M B T Md Mds Mrd"
)
# ISO 4217 list one (2024), and the short forms of North Africa and the Levant.
_CURRENCIES = _listed(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL "
    "DA DH DHS DT LE LL TL US CFA FCFA Rs Fr BTC ETH USDT"
)
_MONTHS = _listed(
    "January February March April May June July August September October November December "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec "
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre "
    "janv févr avr juil sept oct nov déc"
)
# Times of day and the zones a newsroom names beside them (tz database, abbreviations in use).
_CLOCK = _listed("AM PM am pm UTC GMT Z CET CEST EET EEST WET WEST BST EST EDT CST CDT MST MDT PST PDT MSK IST TRT")

MEASURES = frozenset(
    [
        *(prefix + unit for prefix in _PREFIXES for unit in _PREFIXED),
        *_OTHER_UNITS,
        *_SCALES,
        *_CURRENCIES,
        *_MONTHS,
        *_CLOCK,
    ]
)
"""What stands behind a number and belongs to it."""
_LOWERED = frozenset(word.lower() for word in MEASURES if len(word) > 1)

_BEFORE_A_WORD = frozenset(
    _listed(
        "Dr Mr Mrs Ms Mme Mlle Prof St Ste Mt Ft No Nos Nr N Vol vol Fig fig Art art Sec sec Ch ch p pp vs v Rs Gen "
        "Col Capt Cpt Cdr Sgt Lt Maj Hon Rev Sen Rep Gov Pres approx ca cf ed eds ext Ext tel Tel tél Tél Av Bd Ave"
    )
    + [month for month in _MONTHS if len(month) <= 5]
)
"""Abbreviations whose full stop is theirs when a word or number follows (Merriam-Webster, "Abbreviations")."""

_ENDING = frozenset(_listed("Inc Ltd Corp Co Jr Sr Bros Cie etc al ed eds"))
"""Abbreviations whose full stop is theirs also where they end a phrase."""

WITH_A_SIGN = frozenset(_listed("Yahoo! Yum! Joomla! Kahoot! Jeopardy! Wham! Oklahoma!"))
"""Names that end in a sign (their owners' own spelling)."""


_PARTS = re.compile(r"[/+\-–·]")


def measures(word: str) -> bool:
    """Whether a word behind a number says what the number counts: a unit, a currency, a month, a time of day.

    Args:
        word: A left-to-right word without a blank; of ``km/h`` and ``DZD/EUR`` the first part decides.
    """
    if word in MEASURES or word.lower() in _LOWERED:
        return True
    first = _PARTS.split(word, maxsplit=1)[0].rstrip(".").rstrip("²³0123456789")
    return first in MEASURES or first.lower() in _LOWERED or (first[:1].islower() and len(first) <= 4)


def stands_before(word: str) -> bool:
    """Whether an abbreviation stands before the word or number it belongs to, as ``Dr`` and ``No`` do.

    Args:
        word: A word without its full stop.
    """
    return word in _BEFORE_A_WORD or (word.isupper() and word.title() in _BEFORE_A_WORD)


def ends_a_phrase(word: str) -> bool:
    """Whether an abbreviation keeps its full stop also where it ends a name, as ``Inc`` does.

    Args:
        word: A word without its full stop.
    """
    return word in _ENDING or (word.isupper() and word.title() in _ENDING)
