"""The JSON of a batch (pure): a message is encoded once, each reader's by joining bytes.

Postmark fills in nothing: every message of a batch carries the whole letter.
"""

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
    from newsletter.senders.postmark.options import PostmarkOptions

MOST_MESSAGES = 500
"""Messages in one request (Email API, "Send batch emails")."""
MOST_BYTES = 49_000_000
"""Bytes of one request; the vendor's limit is 50 MB with attachments."""
MOST_MESSAGE_BYTES = 9_900_000
"""Bytes of one message; the vendor's limit is 10 MB with attachments."""
_TO, _NAME = "to", "name"
"""Slots beside those of the tokens: the address, and the name of the delivery."""
_UNTRACKED = "data-pm-no-track"
"""What keeps a link of the HTML from being led over Postmark's server (vendor's guide "Link tracking")."""
# What Postmark's own check takes (support article "What does ErrorCode 300 mean"). A comma would add a second reader.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'`*+/=^_{}|~-]+@[A-Za-z0-9.-]+")


class Messages:
    """The messages of one letter.

    Args:
        letter: The letter.
        options: Streams and tracking.

    Raises:
        SendError: It is larger than Postmark takes, or its unsubscribe address has no place for a token.
    """

    def __init__(self, letter: Letter, options: PostmarkOptions) -> None:
        message = encode(_message(letter, options))
        slots = [slot(letter.marker, name) for name in (_TO, _NAME, LEAVE, PREFERENCES)]
        cut = re.split(b"(%b)" % b"|".join(re.escape(one.encode()) for one in slots), message)
        index = {one.encode(): number for number, one in enumerate(slots)}
        self._first = cut[0]
        self._rest = [(index[mark], after) for mark, after in zip(cut[1::2], cut[2::2], strict=True)]
        """Which value stands next (0 address, 1 name, 2 and 3 tokens), and what follows it."""
        self._fixed = sum(map(len, cut[::2]))
        self._tokens = sum(number == 2 for number, _ in self._rest)
        self._choices = sum(number == 3 for number, _ in self._rest)
        self._names = sum(number == 1 for number, _ in self._rest)
        if self._fixed > MOST_MESSAGE_BYTES:
            raise SendError(f"the letter has {self._fixed:,} bytes, and Postmark takes 10 MB", mend="take out pictures")

    def size(self, parcels: Sequence[Parcel]) -> int:
        """Bytes of the request for these parcels, none of them too few."""
        values = sum(
            2 * len(one.address)
            + self._names * len(one.name)
            + self._tokens * len(one.slots[LEAVE])
            + self._choices * len(one.slots.get(PREFERENCES, b""))
            for one in parcels
        )
        return 2 + len(parcels) * (self._fixed + 1) + values

    def encode(self, parcels: Sequence[Parcel]) -> bytes:
        """The body of one request."""
        pieces, between = [b"["], b""
        for parcel, address in zip(parcels, escaped([one.address for one in parcels]), strict=True):
            slots = parcel.slots
            # A small letter has the second token in its text already.
            values = (address, parcel.name.encode("ascii"), slots[LEAVE], slots.get(PREFERENCES, b""))
            pieces += (between, self._first)
            for number, after in self._rest:
                pieces += (values[number], after)
            between = b","
        pieces.append(b"]")
        return b"".join(pieces)


def sort_out(parcels: Sequence[Parcel]) -> tuple[Sequence[Parcel], dict[int, tuple[str, str]]]:
    """The parcels Postmark can take, and the deliveries it would refuse, with state and reason."""
    refused = {
        one.delivery: (REFUSED, "Postmark takes no address like this")
        for one in parcels
        if one.needs_smtputf8 or not _ADDRESS.fullmatch(one.address)
    }
    return ([one for one in parcels if one.delivery not in refused], refused) if refused else (parcels, refused)


def _message(letter: Letter, options: PostmarkOptions) -> dict[str, Any]:
    """A message with slots where readers differ."""
    own_name, address = split_mailbox(letter.sender)
    leave, name = slot(letter.marker, LEAVE), slot(letter.marker, _NAME)
    ways = ", ".join(f"<{way}>" for way in (letter.unsubscribe_url, letter.unsubscribe_mail) if way)
    if leave not in ways:
        raise SendError("the unsubscribe address has no place for a token")
    headers = {
        # Kept with the header after it, so that answers by mail name the letter.
        "Message-ID": f"<{name}@{address.rpartition('@')[2]}>",
        "X-PM-KeepID": "true",
        "List-Unsubscribe": ways,
        **({"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if letter.unsubscribe_url else {}),
        "List-Id": f"{letter.list_id.partition('.')[0]} <{letter.list_id}>",
        "Content-Language": letter.language,
        **({"Auto-Submitted": "auto-generated"} if letter.automatic else {}),
    }
    # Nothing keeps a link of the text from being tracked, and those to leave and to choose are never wrapped.
    message: dict[str, Any] = {
        "From": _mailbox(own_name if letter.own_sender else options.from_name or own_name, address),
        "To": slot(letter.marker, _TO),
        "Subject": letter.rendered.subject,
        "Metadata": {"nashra_delivery": name},
        "Headers": [{"Name": key, "Value": value} for key, value in headers.items()],
        "MessageStream": options.transactional_stream if letter.automatic else options.message_stream,
        "TrackOpens": False,  # who opens a letter is nobody's business
        "TrackLinks": "HtmlOnly" if letter.tracked else "None",
        "TextBody": letter.rendered.text,
        "HtmlBody": own_links.marked(letter, _UNTRACKED) if letter.tracked else letter.rendered.html,
    }
    if letter.reply_to:
        message["ReplyTo"] = _mailbox(*split_mailbox(letter.reply_to))
    if letter.rendered.pictures:
        message["Attachments"] = [
            {
                "Name": picture.name,
                "Content": base64.b64encode(picture.data).decode("ascii"),
                "ContentType": picture.content_type,
                "ContentID": f"cid:{picture.cid}",
            }
            for picture in letter.rendered.pictures
        ]
    return message


def _mailbox(name: str, address: str) -> str:
    """``"Name" <address>``: quoted, since a comma in a name would begin another address (RFC 5322 section 3.4)."""
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}" <{address}>' if name else address
