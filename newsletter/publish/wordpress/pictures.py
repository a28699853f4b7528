"""Pictures for a site: upright, in sRGB, without metadata, no wider than a page shows; and put up once."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.letters.pictures.converting import pixels
from newsletter.publish.models import PublishError
from newsletter.publish.wordpress.blocks import SitePicture

if TYPE_CHECKING:
    from newsletter.publish.wordpress.session import SiteSession

WIDEST = 2000
"""Pixels across: WordPress cuts what is wider than 2,560, and makes the smaller ones itself."""
_QUALITY = 82
"""Of a JPEG, as WordPress has it."""


@dataclass(frozen=True, slots=True)
class PictureForSite:
    """A picture that is to be at the site."""

    content_type: str
    data: bytes
    digest: str
    """SHA-256 of the file it was made of, 16 hexadecimal digits."""

    def slug(self, issue: str) -> str:
        """What it is called there, so that it is found again: ``nashra-12-…``.

        Args:
            issue: Key of the issue.
        """
        return f"nashra-{issue}-{self.digest}"


def digest_of(data: bytes) -> str:
    """By what a picture is known, before and after it is made for the site.

    Args:
        data: The whole file.
    """
    return hashlib.sha256(data).hexdigest()[:16]


def made(data: bytes) -> PictureForSite:
    """A picture made for a site.

    Args:
        data: The whole file.

    Raises:
        PictureFault: It is broken, or none that can be converted.
    """
    image = pixels(data, WIDEST, 4 * WIDEST)
    file = io.BytesIO()
    if image.mode in {"LA", "RGBA"}:
        image.save(file, "PNG", optimize=True)
        return PictureForSite("image/png", file.getvalue(), digest_of(data))
    image.save(file, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return PictureForSite("image/jpeg", file.getvalue(), digest_of(data))


def there(session: SiteSession, slug: str) -> tuple[SitePicture, str] | None:
    """A picture that was put up before, with its words; None when it was not.

    Args:
        session: With the site.
        slug: As ``PictureForSite.slug`` gives it.
    """
    found = session.get("media", slug=slug, per_page=1).content
    return of_answer(found[0], session.access.site) if isinstance(found, list) and found else None


def put_up(session: SiteSession, picture: PictureForSite, slug: str) -> tuple[SitePicture, str]:
    """Put a picture up.

    Args:
        session: With the site.
        picture: With its bytes.
        slug: What it is called there.
    """
    ending = ".png" if picture.content_type == "image/png" else ".jpg"
    found = session.upload(f"{slug}{ending}", picture.content_type, picture.data).content
    return of_answer(found, session.access.site)


def described(session: SiteSession, picture: SitePicture, before: str, alt: str) -> None:
    """Say what a picture shows, unless somebody has said it there.

    Args:
        session: With the site.
        picture: As the site has it.
        before: What is said there.
        alt: What the issue says.
    """
    if alt and not before:
        session.post(f"media/{picture.number}", {"alt_text": alt})


def of_answer(values: Any, site: str) -> tuple[SitePicture, str]:
    """A picture as the interface gives it, with the words that are said of it there.

    Args:
        values: Of one picture.
        site: Its front page.

    Raises:
        PublishError: It is not what WordPress gives.
    """
    try:
        return SitePicture(int(values["id"]), str(values["source_url"])), str(values.get("alt_text") or "")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else "is none"
        raise PublishError(
            f"the picture that it shows {what}", where=site, mend="look at what filters its interface"
        ) from None
