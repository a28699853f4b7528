"""What the name of a column promises to say, and what its cells really say (pure).

An editor's spreadsheet has columns of its own: "Opted out", "Bounced", "Do not email", "RGPD". Who left must not be
mailed because nobody knew the column. So a name that speaks of a state, of leaving, of trouble or of consent is held
against the cells: where they are plain it is understood, and where they are not the import asks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from subscribers.csvfile.vocabulary import NO, NOT_LEFT, STANDING_OF, YES, Standing
from subscribers.folding import fold

Concern = Literal["state", "leaving", "trouble", "consent", "agreement"]
"""``state``: how the person stands; ``leaving`` and ``trouble``: that they left, or that letters came back or were
complained about; ``consent``: that they agreed; ``agreement``: the same in words that can mean other things too."""


def _parts(*words: str) -> tuple[str, ...]:
    return tuple(fold(word) for word in words)


_STATE_PARTS = _parts("status", "statut", "estado", "état abo", "état de l'abo", "état inscr", "حالة")
_STATE_NAMES = frozenset(_parts("état", "state", "الوضع", "stand", "situation"))
_LEAVING_PARTS = _parts(
    "unsubscri", "désabonn", "désinscri", "desuscri", "opt out", "opted out", "do not email", "do not mail",
    "do not contact", "do not send", "don't email", "don't contact", "no email", "no mail", "not interested",
    "email disabled", "removed", "cancelled", "canceled", "résili", "ne pas envoyer", "ne pas contacter", "cancelad",
    "de baja", "no enviar", "no contactar", "abgemeldet", "abmeld", "ausgetragen", "abbestell", "keine e-mail",
    "nicht kontaktieren", "nicht anschreiben", "widerruf", "withdrawn", "revoked", "إلغاء الاشتراك", "ألغى الاشتراك",
    "ألغت الاشتراك", "ملغى", "لا ترسل", "عدم الإرسال", "عدم المراسلة", "غادر", "انسحب", "انسحاب", "deleted at",
)  # fmt: skip
_LEAVING_NAMES = frozenset(_parts("baja", "left", "inactive", "disabled", "inactif", "inactivo", "inaktiv"))
_TROUBLE_PARTS = _parts(
    "bounce", "blacklist", "blocklist", "block list", "blocked", "complain", "spam", "suppress", "undeliver",
    "unreachable", "invalid", "cleaned", "banned", "abuse", "plainte", "rebond", "bloqu", "rejet", "rebot", "queja",
    "no válido", "beschwerde", "gesperrt", "blockiert", "unzustellbar", "ungültig", "sperrliste", "شكوى", "شكاوى",
    "مرتد", "ارتد", "محظور", "حظر", "محجوب", "غير صالح", "مزعج",
)  # fmt: skip
_CONSENT_PARTS = _parts(
    "consent", "opt in", "opted in", "gdpr", "rgpd", "dsgvo", "permission", "subscribed", "agreed", "einwillig",
    "zustimmung", "consentim", "consentement", "accord", "suscrito", "موافق", "الموافقة",
)  # fmt: skip
_AGREEMENT_NAMES = frozenset(
    _parts(
        "active", "is active", "actif", "activo", "aktiv", "enabled", "is enabled", "valid", "is valid", "verified",
        "email verified", "newsletter", "newsletters", "receive email", "receive emails", "receives email",
        "wants email", "wants emails", "email ok", "send email", "mailing", "accepts marketing",
        "accepts email marketing", "marketing", "email marketing", "confirmed", "confirmé", "bestätigt", "confirmado",
        "subscriber", "abonné", "inscrit", "mail ok", "مؤكد", "نشط", "مفعل", "مشترك", "النشرة",
    )
)  # fmt: skip
_WHY_PARTS = _parts("reason", "raison", "motif", "motivo", "grund", "comment", "campaign", "سبب")
_NOTHING = ("unsubscribe link", "unsubscribe url", "opt out link", "opt out url", "consent id")
_NOTHING_NAMES = frozenset(_parts(*_NOTHING))
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T,].{0,40})?|[12]\d{9}(?:\d{3})?(?:\.\d+)?"
    r"|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}.{0,30}|\d{1,2}\.? [A-Za-z]{3,9}\.? \d{4}.{0,30}"
)


@dataclass(frozen=True, slots=True)
class ColumnChoices:
    """What an editor says of the columns of a file, or of everybody in it."""

    ignore: tuple[str, ...] = ()
    """Names of columns that say nothing of whether somebody may be mailed; ``Name:2`` is the second of that name."""
    status: tuple[str, ...] = ()
    """Names of columns that say how people stand, in words such as ``subscribed`` or ``no``."""
    everybody: Standing | None = None
    """How everybody in the file stands, whatever its columns say: ``left`` or ``suppressed``."""
    topics: str = ""
    """Name of a column whose cells name the topics that a person wants; empty for none."""
    name: str = ""
    """Name of a column with what people are called, to be kept for editors; empty keeps no names."""
    address: str = ""
    """Name of the column of addresses; empty finds it by its name."""


NO_CHOICES = ColumnChoices()


@dataclass(frozen=True, slots=True)
class ColumnMeaning:
    """What the cells of one column say of a person."""

    words: dict[str, Standing]
    """Folded cell to standing."""
    otherwise: Standing | None = None
    """The standing for anything else in the cell; None makes the row unusable."""
    must: bool = False
    """An empty cell makes the row unusable: in this file silence is no consent."""


STATUS = ColumnMeaning(dict(STANDING_OF))
TOLD_STATUS = ColumnMeaning(
    {**dict.fromkeys(YES, "confirmed"), **dict.fromkeys(NO, "left"), **STANDING_OF},
    must=True,
)
"""Of a column that an editor named: silence in it is no consent either."""
LEAVING = ColumnMeaning({**STANDING_OF, **dict.fromkeys(YES, "left"), **dict.fromkeys(NOT_LEFT, "confirmed")}, "left")
TROUBLE = ColumnMeaning(
    {**STANDING_OF, **dict.fromkeys(YES, "suppressed"), **dict.fromkeys(NO, "confirmed")}, "suppressed"
)
CONSENT = ColumnMeaning({**STANDING_OF, **dict.fromkeys(YES, "confirmed"), **dict.fromkeys(NO, "left")}, must=True)


def concern_of(name: str) -> Concern | None:
    """What a column promises to say of whether a person may be mailed; None when nothing.

    Args:
        name: The folded name of the column.
    """
    if name in _NOTHING_NAMES:
        return None
    if name in _LEAVING_NAMES or any(part in name for part in _LEAVING_PARTS):
        return "leaving"
    if any(part in name for part in _TROUBLE_PARTS):
        return "trouble"
    if name in _AGREEMENT_NAMES:
        return "agreement"
    if any(part in name for part in _CONSENT_PARTS):
        return "consent"
    if name in _STATE_NAMES or any(part in name for part in _STATE_PARTS):
        return "state"
    return None


def is_date(cell: str) -> bool:
    """Whether a cell is a day or a moment, in whatever order of its parts."""
    return _DATE.fullmatch(cell.strip()) is not None


def understood(name: str, concern: Concern, values: Collection[str]) -> ColumnMeaning | None:
    """How to read a column by what stands in it; None when that is not plain.

    Args:
        name: The folded name of the column.
        concern: What its name promises.
        values: The different cells that are not empty, as they stand there.
    """
    words = {fold(value) for value in values if not is_date(value)} - {""}
    dated = any(is_date(value) for value in values)
    if concern == "state":
        return STATUS if words & STANDING_OF.keys() or not words else None
    if concern == "leaving":
        plain = words <= YES | NO | STANDING_OF.keys() or any(part in name for part in _WHY_PARTS)
        return LEAVING if plain else None
    if concern == "trouble":
        plain = words <= YES | NO | STANDING_OF.keys() or any(part in name for part in _WHY_PARTS)
        return TROUBLE if plain else None
    if words <= YES | NO | STANDING_OF.keys() and not (dated and words):
        # A column of days says by each of them that the person agreed then.
        return ColumnMeaning(CONSENT.words, "confirmed" if dated else None, must=True)
    return None


def silent(name: str, concern: Concern, values: Iterable[str]) -> bool:
    """Whether a column whose cells are not plain says nothing of mailing: its name has other meanings too.

    Args:
        name: The folded name of the column.
        concern: What its name promises.
        values: The different cells that are not empty.
    """
    if concern == "agreement":
        return True
    # "State" and "Estado" are where people live, too.
    return (
        concern == "state" and name in _STATE_NAMES | {"estado"} and not any(fold(one) in STANDING_OF for one in values)
    )
