"""The JSON of Mail Send (pure): what is the same for all encoded once, each subscriber's part by joining bytes."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from newsletter.errors import SendError
from newsletter.letters import own_links
from newsletter.letters.mime import LEAVE, PREFERENCES, slot
from newsletter.models import Letter
from newsletter.senders import REFUSED, Parcel
from newsletter.senders.json_bytes import encode, escaped
from newsletter.text.mailbox import split_mailbox

if TYPE_CHECKING:
    from newsletter.senders.sendgrid.options import SendGridOptions

MOST_RECIPIENTS = 1000
"""Personalizations in one request (vendor's API description, Mail Send)."""
_UNTRACKED = "clicktracking=off"
"""What keeps a link from being led over SendGrid's server, written as the vendor's guide "Click Tracking" has it."""


class MailSendBody:
    """The JSON of Mail Send for one letter: its common part encoded once, each subscriber's part by joining bytes."""

    def __init__(self, letter: Letter, options: SendGridOptions) -> None:
        self._tags = encode(substitution_tag(letter)), encode(substitution_tag(letter, PREFERENCES))
        self._chooses = any(
            slot(letter.marker, PREFERENCES) in text for text in (letter.rendered.text, letter.rendered.html)
        )
        """Whether the letter has the link by which a reader chooses."""
        self._after = encode(_common(letter, options))[1:]
        ways = [f"<{way}>" for way in (letter.unsubscribe_url, letter.unsubscribe_mail) if way]
        # Substitutions do not reach header values: each subscriber's is finished here.
        before, mark, after = encode(", ".join(ways)).partition(slot(letter.marker, LEAVE).encode())
        if not mark:
            raise SendError("the unsubscribe address has no place for a token")
        self._unsubscribe = before, after.split(mark)
        self._post = b',"List-Unsubscribe-Post":"List-Unsubscribe=One-Click"' if letter.unsubscribe_url else b""

    def encode(self, parcels: Sequence[Parcel], request_id: str) -> bytes:
        """The body of one request."""
        before, after = self._unsubscribe
        # What stands between two places of a subscriber's token, so that one join writes most of their part.
        around = [b'"}],"headers":{"List-Unsubscribe":' + before, *after]
        around[-1] += b'%b},"substitutions":{%b:"' % (self._post, self._tags[0])
        custom = b'"},"custom_args":{"nashra_delivery":"'
        around.append(b'",%b:"' % self._tags[1] if self._chooses else custom)
        first, last = b'{"to":[{"email":"', b'","nashra_request":%b}},' % encode(request_id)
        names = " ".join([parcel.name for parcel in parcels]).encode("ascii").split(b" ")
        pieces = [b'{"personalizations":[']
        addresses = escaped([parcel.address for parcel in parcels])
        for parcel, address, name in zip(parcels, addresses, names, strict=False):
            slots = parcel.slots
            if self._chooses:
                pieces += (first, address, slots[LEAVE].join(around), slots[PREFERENCES], custom, name, last)
            else:
                pieces += (first, address, slots[LEAVE].join(around), name, last)
        if parcels:
            pieces[-1] = last[:-1]
        return b"".join((*pieces, b"],", self._after))


def sort_out(parcels: Sequence[Parcel]) -> tuple[Sequence[Parcel], dict[int, tuple[str, str]]]:
    """The parcels SendGrid can take in one request, and the deliveries it would refuse, with state and reason."""
    together = " ".join([parcel.address for parcel in parcels])
    pieces = together.casefold().split(" ")
    # More pieces than addresses: one of them holds a blank, and each is looked at.
    alike = len(pieces) != len(parcels) or len(set(pieces)) != len(parcels)
    if together.isascii() and not alike and not any(parcel.needs_smtputf8 for parcel in parcels):
        return parcels, {}
    good: list[Parcel] = []
    refused: dict[int, tuple[str, str]] = {}
    seen: set[str] = set()
    for parcel in parcels:
        folded = parcel.address.casefold()
        if parcel.needs_smtputf8 or not parcel.address.isascii():
            refused[parcel.delivery] = (REFUSED, "SendGrid takes no address with letters beyond ASCII")
        elif folded in seen:
            refused[parcel.delivery] = (REFUSED, "the same address twice")
        else:
            seen.add(folded)
            good.append(parcel)
    return good, refused


def substitution_tag(letter: Letter, name: str = LEAVE) -> str:
    """How the slot of a token is written in what SendGrid substitutes: ``-name-`` (vendor's guide, "Tags").

    It stands in every reader's part of a request, so of its name only the first letter does.
    """
    return f"-{letter.marker}{name[0]}-"


def _common(letter: Letter, options: SendGridOptions) -> dict[str, Any]:
    """What is the same for every subscriber of a letter."""
    own_name, address = split_mailbox(letter.sender)
    # As it is written: SendGrid quotes what the header needs. Quotes of ours would be shown to readers (sendgrid-nodejs
    # issue 1121); that only names of recipients break at a comma is told in sendgrid-python issue 291.
    name = own_name if letter.own_sender else options.from_name or own_name
    html = own_links.marked(letter, _UNTRACKED) if letter.tracked else letter.rendered.html
    texts = [_charset_safe(_tagged(letter, text)) for text in (letter.rendered.text, html)]
    body: dict[str, Any] = {
        "from": {"email": address, "name": name} if name else {"email": address},
        "subject": letter.rendered.subject,
        # The text goes before the HTML, as RFC 2046 section 5.1.4 orders alternatives.
        "content": [
            {"type": "text/plain", "value": texts[0]},
            {"type": "text/html", "value": texts[1]},
        ],
        "headers": {
            "List-Id": f"{letter.list_id.partition('.')[0]} <{letter.list_id}>",
            "Content-Language": letter.language,
            **({"Auto-Submitted": "auto-generated"} if letter.automatic else {}),
        },
        "tracking_settings": {
            "click_tracking": {"enable": letter.tracked, "enable_text": False},
            # Who opens a letter is nobody's business.
            "open_tracking": {"enable": False},
            # Else SendGrid adds an unsubscribe header of its own, and two states drift apart.
            "subscription_tracking": {"enable": False},
        },
    }
    if letter.reply_to:
        body["reply_to"] = _reply_to(letter.reply_to)
    if options.categories:
        body["categories"] = options.categories
    if options.sandbox:
        body["mail_settings"] = {"sandbox_mode": {"enable": True}}
    if letter.rendered.pictures:
        body["attachments"] = [
            {
                "content": base64.b64encode(picture.data).decode("ascii"),
                "type": picture.content_type,
                "filename": picture.name,
                "disposition": "inline",
                "content_id": picture.cid,
            }
            for picture in letter.rendered.pictures
        ]
    return body


def _reply_to(mailbox: str) -> dict[str, str]:
    """Where answers go. SendGrid does not quote this name: at a comma it would begin another address, and answers would
    go there (sendgrid-nodejs issue 1121)."""
    name, address = split_mailbox(mailbox)
    name = re.sub(r"\s*[;,]\s*", " ", name).strip()
    return {"email": address, "name": name} if name else {"email": address}


def _tagged(letter: Letter, text: str) -> str:
    for name in (LEAVE, PREFERENCES):
        text = text.replace(slot(letter.marker, name), substitution_tag(letter, name))
    return text


def _charset_safe(text: str) -> str:
    """A text whose charset SendGrid takes for UTF-8.

    SendGrid derives the charset from the characters: text with Latin-1 letters only goes out as iso-8859-1, and Gmail
    then shows it clipped (its maintainers in sendgrid-nodejs issue 1231). One invisible character beyond it helps.
    """
    return text if text.isascii() or any(character > "\xff" for character in text) else text + "\u200c"
