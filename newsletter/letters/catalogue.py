"""The few words a letter says by itself, in the publication's language (gettext catalogues in templates/locale)."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

    from jinja2 import Environment


def words(environment: Environment, language: str, domain: str = "letter") -> NullTranslations:
    """The catalogue of a language; the language without its country, then English, when there is none.

    Args:
        environment: Where the catalogues come from (``locale/<language>/<domain>.po``, the workspace's own first).
        language: Language of the words, as ``ar`` or ``en``.
        domain: Name of the catalogue.

    Raises:
        RenderError: A catalogue cannot be read.
    """
    from gettext import NullTranslations

    from jinja2 import TemplateNotFound

    tag = language.replace("-", "_")
    for name in dict.fromkeys((tag, tag.split("_")[0], "en")):
        try:
            source = (
                environment.loader.get_source(environment, f"locale/{name}/{domain}.po") if environment.loader else None
            )
        except TemplateNotFound:
            continue
        if source is not None:
            return _catalogue(source[0], name, f"locale/{name}/{domain}.po")
    return NullTranslations()


def speaks(environment: Environment, language: str, domain: str) -> bool:
    """Whether there is a catalogue in this language, or in it without its country.

    Args:
        environment: Where the catalogues come from.
        language: Language tag.
        domain: Name of the catalogue.
    """
    from jinja2 import TemplateNotFound

    tag = language.replace("-", "_")
    for name in (tag, tag.split("_")[0]):
        try:
            if environment.loader is not None:
                environment.loader.get_source(environment, f"locale/{name}/{domain}.po")
                return True
        except TemplateNotFound:
            continue
    return False


def texts(environment: Environment, language: str, domain: str) -> list[str]:
    """Every text of a catalogue as the code asks for it, in the catalogue's order.

    Args:
        environment: Where the catalogues come from.
        language: Whose catalogue is read.
        domain: Name of the catalogue.

    Raises:
        RenderError: It is missing or cannot be read.
    """
    from babel.messages.pofile import PoFileError, read_po
    from jinja2 import TemplateNotFound

    from newsletter.errors import RenderError

    name = f"locale/{language}/{domain}.po"
    try:
        source = environment.loader.get_source(environment, name)[0] if environment.loader else ""
        found = read_po(BytesIO(source.encode()), locale=language, abort_invalid=True)
        return [one.id for one in found if one.id and isinstance(one.id, str)]
    except TemplateNotFound:
        raise RenderError("there is no such catalogue", where=name, mend="put it back, or install anew") from None
    except (PoFileError, ValueError, UnicodeError) as error:
        raise RenderError(
            f"the catalogue cannot be read: {error}", where=name, mend="mend it as gettext wants it"
        ) from error


@lru_cache(maxsize=32)
def _catalogue(source: str, language: str, name: str) -> NullTranslations:
    """Read once what a .po file says; compiled in memory, so that no .mo file can be missing or stale."""
    from gettext import GNUTranslations

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    from newsletter.errors import RenderError

    compiled = BytesIO()
    try:
        write_mo(compiled, read_po(BytesIO(source.encode()), locale=language, abort_invalid=True))
        compiled.seek(0)
        return GNUTranslations(compiled)
    except (PoFileError, ValueError, UnicodeError) as error:
        raise RenderError(
            f"the catalogue cannot be read: {error}", where=name, mend="mend it as gettext wants it"
        ) from error
