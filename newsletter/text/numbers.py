"""Numbers that the letter writes itself: digits, separators, percent and minus signs of the publication's language.

As Unicode CLDR has them for the digits of the setting, with the direction marks that it writes into the signs. Those
put a sign where readers look for it: in Arabic at the right of ``12%`` and at the left of ``١٢٪``, and a minus at the
left of ``5`` and at the right of ``٥``; in Persian a minus at the left of both.
"""

from __future__ import annotations

from newsletter.text.dates import Digits, has_eastern_digits, in_digits, locale_of


def number(value: float, language: str, digits: Digits = "latin", places: int = 2) -> str:
    """Write a number with the separators and the minus sign of its language and country.

    Args:
        value: Any finite number.
        language: Language tag, as ``ar-DZ`` (1.234,5) or ``fa`` (۱٬۲۳۴٫۵).
        digits: ``latin`` or ``arabic-indic``, as for dates.
        places: Digits behind the decimal sign at most; zeros at the end are not written.
    """
    return _written(value, language, digits, places)


def percent(share: float, language: str, digits: Digits = "latin", places: int = 1) -> str:
    """Write a share of the whole as percent.

    Args:
        share: 0.125 for 12.5 percent.
        language: Language tag.
        digits: ``latin`` or ``arabic-indic``, as for dates.
        places: Digits behind the decimal sign at most.
    """
    # In some languages a hard space stands between the two, in others nothing; Turkish writes the sign first.
    pattern = locale_of(language).percent_formats[None]
    sign = _symbols(language, digits).get("percentSign") or "%"
    before, behind = (str(affix[0]).replace("%", sign) for affix in (pattern.prefix, pattern.suffix))
    size, minus = _written(abs(share) * 100, language, digits, places), _minus(share * 100, language, digits, places)
    return f"{minus}{before}{size}{behind}"


def _written(value: float, language: str, digits: Digits, places: int) -> str:
    from babel.numbers import format_decimal

    size = format_decimal(
        abs(round(value, places)),
        f"#,##0.{'#' * places}" if places else "#,##0",
        locale=locale_of(language),
        numbering_system=_system(language, digits),
    )
    return f"{_minus(value, language, digits, places)}{in_digits(size, language, digits)}"


def _minus(value: float, language: str, digits: Digits, places: int) -> str:
    return (_symbols(language, digits).get("minusSign") or "-") if round(value, places) < 0 else ""


def _symbols(language: str, digits: Digits) -> dict[str, str]:
    symbols = locale_of(language).number_symbols
    return dict(symbols.get(_system(language, digits)) or symbols["latn"])


def _system(language: str, digits: Digits) -> str:
    """CLDR's name of the digits."""
    if digits == "latin":
        return "latn"
    return "arabext" if has_eastern_digits(language) else "arab"
