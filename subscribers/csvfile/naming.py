"""Names of columns and words in them, as tables write them down; and what files of nobody we know call theirs."""

from __future__ import annotations

from collections.abc import Mapping

from subscribers.csvfile.vocabulary import NO, YES, Standing
from subscribers.folding import fold


def names_of(text: str) -> frozenset[str]:
    """Folded names of columns.

    Args:
        text: The names, with a comma between them.
    """
    return frozenset(fold(name) for name in text.split(","))


def in_order(text: str) -> tuple[str, ...]:
    """Folded names of columns, the one that is looked for first at the beginning.

    Args:
        text: The names, with a comma between them.
    """
    return tuple(fold(name) for name in text.split(","))


def words(**standings: str) -> dict[str, Standing]:
    """What the words of a column mean.

    Args:
        standings: Standing to its words, with a comma between them.
    """
    known: dict[str, Standing] = {}
    for standing, text in standings.items():
        known |= {fold(word): standing for word in text.split(",")}  # type: ignore[misc]  # the keywords are standings
    return known


def yes_or_no(**standings: Standing) -> dict[str, Standing]:
    """What yes and no mean in a column, in every language that is known.

    Args:
        standings: ``yes`` and ``no``, each with a standing.
    """
    return {**dict.fromkeys(YES, standings["yes"]), **dict.fromkeys(NO, standings["no"])}


PEOPLE_NAMES = "first name,last name,name,full name,firstname,lastname,prénom,nom,display name,user name,job title"
"""What programs call the columns with somebody's name."""

COLUMNS_OF: Mapping[str, tuple[str, ...]] = {
    "agreed": in_order(
        "optin time,opt-in time,opt-in date,optin date,consent date,consent time,gdpr date,subscribed at,subscribed on,"
        "date subscribed,subscription date,subscribe date,signup date,sign-up date,signed up,signed up at,date joined,"
        "joined,date d'inscription,date d'abonnement,inscrit le,abonné le,fecha de suscripción,fecha de alta,"
        "anmeldedatum,angemeldet am,eingetragen am,تاريخ الاشتراك,تاريخ التسجيل"
    ),
    "confirmed": in_order(
        "confirm time,confirmed at,confirmed on,confirmation date,confirmé le,bestätigt am,تاريخ التأكيد"
    ),
    "network": in_order("optin ip,opt-in ip,signup ip,consent ip,confirm ip,ip address,ip"),
    "page": in_order("consent page,consent source,signup source,signup page,source,origin,المصدر"),
}
"""The same of files of nobody we know, by the names that people give such columns."""

PEOPLE = names_of(PEOPLE_NAMES + ",nombre,apellidos,vorname,nachname,الاسم,الاسم الكامل,اسم العائلة,اللقب")
TAGS = names_of("tags,tag,topics,interests,groups,labels,étiquettes,thèmes,etiquetas,temas,themen,وسوم,مواضيع,اهتمامات")
