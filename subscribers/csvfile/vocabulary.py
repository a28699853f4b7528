"""The words that files use for columns, statuses and rhythms, in Arabic, English, French, Spanish and German (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from subscribers.models import Rhythm

Standing = Literal["confirmed", "pending", "left", "suppressed"]
"""What a row says of a person."""

Role = Literal["address", "rhythm"]
"""What a column is used for; columns that speak of a status are found by `speaks_of_status`."""

_NOT_LETTERS = re.compile(r"[\W_]+")
# Alef with hamza, alef maqsura and ta marbuta are written both ways by everybody; tatweel is only drawn.
_SPELLINGS = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ـ": None})


def fold(text: str) -> str:
    """A word as we compare it: without case, accents, vowel signs, spaces, hyphens and spelling habits.

    Args:
        text: A column's name or a cell.
    """
    letters = unicodedata.normalize("NFKD", text.translate(_SPELLINGS).casefold())
    return _NOT_LETTERS.sub("", "".join(letter for letter in letters if not unicodedata.combining(letter)))


def _words(*words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


COLUMNS: Mapping[Role, frozenset[str]] = {
    "address": _words(
        "email",
        "e-mail",
        "mail",
        "email address",
        "e-mail address",
        "email addresses",
        "subscriber email",
        "user email",
        "adresse e-mail",
        "adresse email",
        "adresse mail",
        "adresse électronique",
        "adresse de courriel",
        "adresse courriel",
        "courriel",
        "mél",
        "correo",
        "correo electrónico",
        "dirección de correo",
        "dirección de correo electrónico",
        "e-mail-adresse",
        "mailadresse",
        "البريد",
        "بريد",
        "البريد الإلكتروني",
        "بريد إلكتروني",
        "عنوان البريد",
        "عنوان البريد الإلكتروني",
        "عنوان بريد إلكتروني",
        "العنوان البريدي",
        "العنوان الإلكتروني",
        "الإيميل",
        "إيميل",
        "ايميل",
    ),
    "rhythm": _words(
        "rhythm",
        "frequency",
        "email frequency",
        "delivery frequency",
        "rythme",
        "fréquence",
        "périodicité",
        "الوتيرة",
        "وتيرة",
        "الإيقاع",
        "إيقاع",
        "التكرار",
        "تكرار الإرسال",
        "الدورية",
        "دورية",
    ),
}

# Words that may also mean a street or a headline: they count only where no better one stands.
VAGUE_ADDRESS = _words("address", "addresses", "subscriber", "adresse", "العنوان", "عنوان", "العناوين")

STANDINGS: Mapping[Standing, frozenset[str]] = {
    "confirmed": _words(
        "confirmed",
        "subscribed",
        "active",
        "enabled",
        "yes",
        "confirmé",
        "confirmée",
        "abonné",
        "abonnée",
        "inscrit",
        "inscrite",
        "actif",
        "active",
        "oui",
        "مؤكد",
        "مؤكدة",
        "مشترك",
        "مشتركة",
        "نشط",
        "نشطة",
        "فعال",
        "مفعل",
        "نعم",
        "opted in",
        "opt in",
        "opt-in",
        "express",
        "regular",
        "premium",
        "suscrito",
        "suscrita",
        "activo",
        "activa",
        "abonniert",
        "angemeldet",
        "aktiv",
        "bestätigt",
        "فعالة",
        "مفعلة",
        "موافق",
    ),
    "pending": _words(
        "pending",
        "unconfirmed",
        "not confirmed",
        "en attente",
        "non confirmé",
        "non confirmée",
        "à confirmer",
        "معلق",
        "معلقة",
        "قيد الانتظار",
        "في الانتظار",
        "قيد التأكيد",
        "غير مؤكد",
        "غير مؤكدة",
        "بانتظار التأكيد",
        "unactivated",
        "validating",
        "awaiting confirmation",
        "unconfirmed email",
        "no confirmado",
        "pendiente",
        "unbestätigt",
        "ausstehend",
        "nicht bestätigt",
        "لم يؤكد",
        "بانتظار الموافقة",
    ),
    "left": _words(
        "left",
        "unsubscribed",
        "disabled",
        "removed",
        "no",
        "désabonné",
        "désabonnée",
        "désinscrit",
        "désinscrite",
        "parti",
        "partie",
        "non",
        "غادر",
        "غادرت",
        "ملغى",
        "ملغي",
        "ألغى الاشتراك",
        "ألغت الاشتراك",
        "غير مشترك",
        "غير مشتركة",
        "لا",
        "cancelled",
        "canceled",
        "inactive",
        "opted out",
        "opt out",
        "opt-out",
        "unsubscribe",
        "never subscribed",
        "not subscribed",
        "nonsubscribed",
        "non-subscribed",
        "transactional",
        "not opted in",
        "withdrawn",
        "revoked",
        "deleted",
        "not set",
        "paused by user",
        "désinscription",
        "refusé",
        "refusée",
        "cancelado",
        "cancelada",
        "dado de baja",
        "dada de baja",
        "baja",
        "no suscrito",
        "inactivo",
        "inactiva",
        "abgemeldet",
        "ausgetragen",
        "abbestellt",
        "inaktiv",
        "ملغاة",
        "ألغي",
        "غير نشط",
        "غير نشطة",
        "انسحب",
        "انسحبت",
        "منسحب",
    ),
    "suppressed": _words(
        "suppressed",
        "bounced",
        "cleaned",
        "blocklisted",
        "blacklisted",
        "complained",
        "spam",
        "invalid",
        "rejeté",
        "bloqué",
        "invalide",
        "مرتد",
        "مرتدة",
        "محظور",
        "محظورة",
        "محجوب",
        "غير صالح",
        "hard bounce",
        "hard bounced",
        "soft bounced",
        "undeliverable",
        "unreachable",
        "blocked",
        "reported spam",
        "spam complaint",
        "spammy",
        "junk",
        "upstreamed",
        "malicious",
        "abuse",
        "plainte",
        "rebond",
        "rebot",
        "rebotado",
        "rebotada",
        "bloqueado",
        "bloqueada",
        "queja",
        "no válido",
        "unzustellbar",
        "gesperrt",
        "beschwerde",
        "ungültig",
        "شكوى",
        "مرفوض",
        "محجوبة",
    ),
}

YES = _words(
    "yes", "true", "t", "y", "1", "x", "on", "checked", "oui", "vrai", "o", "sí", "verdadero", "ja", "wahr", "نعم"
)
NO = _words("no", "false", "f", "n", "0", "off", "none", "null", "never", "non", "faux", "nein", "falsch", "لا", "كلا")

NOT_LEFT = NO | _words("subscribed", "active", "abonné", "suscrito", "angemeldet", "مشترك")
"""What stands in a column about leaving for somebody who has not left."""

RHYTHM_WORDS: Mapping[Rhythm, frozenset[str]] = {
    "instant": _words(
        "instant",
        "instantly",
        "immediate",
        "immediately",
        "immédiat",
        "immédiatement",
        "instantané",
        "فوري",
        "فورية",
        "فورا",
        "فوريا",
    ),
    "daily": _words(
        "daily",
        "every day",
        "quotidien",
        "quotidienne",
        "chaque jour",
        "يومي",
        "يومية",
        "يوميا",
        "كل يوم",
    ),
    "weekly": _words(
        "weekly",
        "every week",
        "hebdomadaire",
        "hebdo",
        "chaque semaine",
        "أسبوعي",
        "أسبوعية",
        "أسبوعيا",
        "كل أسبوع",
    ),
}

STANDING_OF: Mapping[str, Standing] = {word: one for one, words in STANDINGS.items() for word in words}
RHYTHM_OF: Mapping[str, Rhythm] = {word: one for one, words in RHYTHM_WORDS.items() for word in words}
ROLE_OF: Mapping[str, Role] = {word: one for one, words in COLUMNS.items() for word in words}
