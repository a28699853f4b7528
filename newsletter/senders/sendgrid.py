"""Letters through SendGrid's Mail Send API, a thousand subscribers in one request.

The ``sendgrid`` package knows hosts, keys and headers. Its transport is replaced: it opens a connection (and builds
a TLS context, 32 ms) for every request, has no time-out, follows redirects with the key attached, and writes the key
and the body into the log (read in source at 6.12.5). Ours keeps its connection, follows nothing, logs nothing, and
holds the last byte of the body back until the ledger says so.

Validation at SendGrid is all or nothing: one malformed or repeated address makes the whole request a 400 (vendor
documentation, "Errors"). So what is wrong is taken out here first, and what SendGrid still refuses is found by the
field its error names, or by halves.
"""

from __future__ import annotations

import base64
import json
import re
import select
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.errors import SendError
from newsletter.headers import split_mailbox
from newsletter.mail import LEAVE, slot
from newsletter.models import Letter
from newsletter.senders import QUEUED, REFUSED, SUBMITTED, UNKNOWN, Answer, Parcel, UnreachableError

if TYPE_CHECKING:
    import http.client

PATH = "/v3/mail/send"
MOST_RECIPIENTS = 1000
"""Personalizations in one request (vendor's API description, Mail Send)."""
MOST_BYTES = 29_000_000
"""Bytes of one request; the vendor's limit is 30 MB for the whole message."""
IDLE_SECONDS = 4.0
"""A connection that rested longer is not used again: a server that closed it meanwhile would leave us in doubt."""
DELIVERY, REQUEST = "nashra_delivery", "nashra_request"
"""Names of our custom arguments; events bring them back as keys of their own."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the section [sendgrid] of the settings says."""

    key: str
    region: str = "global"
    """``global`` or ``eu``."""
    host: str = ""
    """Another host, for tests on loopback."""
    from_name: str = ""
    """Display name to use instead of the one in ``from``."""
    categories: tuple[str, ...] = ()
    sandbox: bool = False
    """Everything is checked and nothing is sent; SendGrid answers 200."""
    open_tracking: bool = False
    click_tracking: bool = False
    connections: int = 4
    timeout: float = 60.0
    """Seconds for one step: connecting, handing over, waiting for the answer."""


class SendGrid:
    """A SendGrid account."""

    name = "sendgrid"
    batch_size = MOST_RECIPIENTS

    def __init__(self, options: Options) -> None:
        self._options = options
        self.connections = options.connections
        self._endpoint, self._headers = _account(options)

    def load(self, letter: Letter) -> MailSend:
        """Build what is the same in every request of this letter."""
        # In sandbox mode SendGrid answers 200; else a 200 comes from something that is not SendGrid.
        accepts = 200 if self._options.sandbox else 202
        body = Body(letter, self._options)
        return MailSend(self._endpoint, self._headers, body, accepts=accepts, timeout=self._options.timeout)


class Body:
    """The JSON of Mail Send for one letter: its common part encoded once, each subscriber's part by joining bytes."""

    def __init__(self, letter: Letter, options: Options) -> None:
        self._tag = substitution_tag(letter)
        self._after = _encode(_common(letter, options, self._tag))[1:]
        ways = [f"<{way}>" for way in (letter.unsubscribe_url, letter.unsubscribe_mail) if way]
        # Substitutions do not reach header values: each subscriber's is finished here.
        before, mark, after = _encode(", ".join(ways)).partition(slot(letter.marker, LEAVE).encode())
        if not mark:
            raise SendError("the unsubscribe address has no place for a token")
        self._unsubscribe = before, after.split(mark)
        self._post = b',"List-Unsubscribe-Post":"List-Unsubscribe=One-Click"' if letter.unsubscribe_url else b""

    def encode(self, parcels: Sequence[Parcel], request_id: str) -> bytes:
        """The body of one request."""
        request, tag = _encode(request_id), _encode(self._tag)
        before, after = self._unsubscribe
        rows = []
        for parcel in parcels:
            token = parcel.slots[LEAVE]
            unsubscribe = token.join((before, *after))
            rows.append(
                b'{"to":[{"email":%b}],"headers":{"List-Unsubscribe":%b%b},"substitutions":{%b:"%b"},'
                b'"custom_args":{"nashra_delivery":"%b","nashra_request":%b}}'
                % (
                    _encode(parcel.address),
                    unsubscribe,
                    self._post,
                    tag,
                    token,
                    parcel.name.encode("ascii"),
                    request,
                )
            )
        return b'{"personalizations":[' + b",".join(rows) + b"]," + self._after


class MailSend:
    """One connection to Mail Send, loaded with one letter."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], body: Body, *, accepts: int, timeout: float) -> None:
        self._endpoint = urlsplit(endpoint)
        self._headers = headers
        self._body = body
        self._accepts = accepts
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._rested_since = 0.0

    def begin(self, parcels: Sequence[Parcel], request_id: str) -> Request:
        """Hand over everything but the last byte of the request."""
        good, refused = sort_out(parcels)
        body = self._body.encode(good, request_id)
        if not good:
            return Request(self, good, refused, b"", Answer(SUBMITTED, refused))
        if len(body) > MOST_BYTES:
            return Request(self, good, refused, b"", _too_large(good, refused))
        return Request(self, good, refused, body, self._hand_over(body, good, refused))

    def settle(self, _names: Collection[str]) -> set[str] | None:
        """None: Mail Send cannot be asked what it took; the events tell."""
        return None

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _hand_over(self, body: bytes, good: Sequence[Parcel], refused: dict[int, tuple[str, str]]) -> Answer | None:
        """Send all but the last byte; an answer only if the server gave one already, and will not take the rest."""
        connection = self._connected()
        try:
            connection.putrequest("POST", PATH, skip_accept_encoding=True)
            for name, value in self._headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            connection.sock.sendall(memoryview(body)[:-1])
        except OSError as error:
            # A server that refuses early closes while we write, but may have said why.
            early = self._early(connection, good, refused)
            self.close()
            if early is not None:
                return early
            raise UnreachableError(f"SendGrid broke the connection off ({_cause(error)})", where=self._where) from None
        if select.select([connection.sock], [], [], 0)[0]:
            early = self._early(connection, good, refused)
            self.close()
            return early or Answer(QUEUED, refused, reason="SendGrid closed the connection before it had the request")
        return None

    def _early(
        self, connection: http.client.HTTPConnection, good: Sequence[Parcel], refused: dict[int, tuple[str, str]]
    ) -> Answer | None:
        import http.client

        try:
            connection.sock.settimeout(2.0)
            response = connection.getresponse()
            answer = self._understand(response, response.read(100_000), good, refused)
        except (OSError, http.client.HTTPException, AttributeError):
            return None
        # Nothing can be taken of a request whose last byte has not gone.
        return answer if answer.state == QUEUED else None

    def last_byte(self, body: bytes, good: Sequence[Parcel], refused: dict[int, tuple[str, str]]) -> Answer:
        """Let the last byte go and read the answer; everything that is no clear answer is unknown."""
        import http.client

        connection = self._connection
        assert connection is not None
        try:
            connection.sock.sendall(body[-1:])
            response = connection.getresponse()
            content = response.read(1_000_000)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Answer(UNKNOWN, refused, reason=f"SendGrid gave no answer ({_cause(error)})")
        self._rested_since = time.monotonic()
        if response.will_close:
            self.close()
        return self._understand(response, content, good, refused)

    def _understand(
        self,
        response: http.client.HTTPResponse,
        content: bytes,
        good: Sequence[Parcel],
        refused: dict[int, tuple[str, str]],
    ) -> Answer:
        if response.status == self._accepts:
            return Answer(SUBMITTED, refused)
        return understand(response.status, response.headers, content, good, refused)

    def _connected(self) -> http.client.HTTPConnection:
        import http.client

        if self._connection is not None and time.monotonic() - self._rested_since < IDLE_SECONDS:
            return self._connection
        self.close()
        host, port = self._endpoint.hostname or "", self._endpoint.port
        if self._endpoint.scheme == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=self._timeout, context=_tls_context()
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        try:
            connection.connect()
        except OSError as error:
            raise UnreachableError(f"SendGrid cannot be reached ({_cause(error)})", where=self._where) from None
        self._connection = connection
        return connection

    @property
    def _where(self) -> str:
        return self._endpoint.netloc


class Request:
    """A request that waits for its last byte."""

    def __init__(
        self,
        carrier: MailSend,
        parcels: Sequence[Parcel],
        refused: dict[int, tuple[str, str]],
        body: bytes,
        answer: Answer | None,
    ) -> None:
        self._carrier = carrier
        self._parcels = parcels
        self._refused = refused
        self._body = body
        self._answer = answer

    def finish(self) -> Answer:
        """Let the last byte go, unless it is clear already what becomes of the request."""
        if self._answer is not None:
            return self._answer
        return self._carrier.last_byte(self._body, self._parcels, self._refused)

    def abandon(self) -> None:
        """Close the connection, so that the server drops what it has of the request."""
        self._carrier.close()


def sort_out(parcels: Sequence[Parcel]) -> tuple[list[Parcel], dict[int, tuple[str, str]]]:
    """The parcels SendGrid can take in one request, and the deliveries it would refuse, with state and reason."""
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


def understand(
    status: int,
    headers: Mapping[str, str] | Any,
    content: bytes,
    parcels: Sequence[Parcel],
    refused: dict[int, tuple[str, str]],
) -> Answer:
    """What an answer of Mail Send that is no acceptance means for the parcels of its request.

    429 and 503 took nothing and ask to wait; 413 is too large; 400 names
    what is wrong, or leaves it to be found; 401 and 403 end it. Other 5xx may come from a machine in between, after
    the request was taken: they leave it unknown.
    """
    errors = _errors(content)
    words = "; ".join(message for message, _ in errors) or f"status {status} without a word"
    reason = f"SendGrid says: {words} ({status})"
    if status in {429, 503}:
        return Answer(QUEUED, refused, reason, pause=_retry_after(headers))
    if status == 413:
        return _too_large(parcels, refused)
    if status == 400:
        return _bad_request(errors, reason, parcels, refused)
    if 300 <= status < 500:
        return Answer(QUEUED, refused, reason, stop=True)
    return Answer(UNKNOWN, refused, reason)


def substitution_tag(letter: Letter) -> str:
    """How the slot of the token is written in what SendGrid substitutes: ``-name-`` (vendor's guide, "Tags")."""
    return f"-{letter.marker}{LEAVE}-"


_POSITION = re.compile(r"personalizations[.\[](\d+)")


def _bad_request(
    errors: Sequence[tuple[str, str]], reason: str, parcels: Sequence[Parcel], refused: dict[int, tuple[str, str]]
) -> Answer:
    found = dict(refused)
    for message, where in errors:
        position = _POSITION.search(where)
        if position is not None and int(position[1]) < len(parcels):
            found[parcels[int(position[1])].delivery] = (REFUSED, f"SendGrid refuses it: {message}")
    if len(found) > len(refused):
        return Answer(QUEUED, found, reason, again=True)
    elsewhere = [where for _, where in errors if where and not where.startswith("personalizations")]
    if elsewhere:
        # The letter itself, not one of its addresses: no half of it would be taken either.
        return Answer(QUEUED, refused, f"{reason}, field {elsewhere[0]}", stop=True)
    if len(parcels) > 1:
        return Answer(QUEUED, refused, reason, split=True)
    return Answer(SUBMITTED, {**refused, parcels[0].delivery: (REFUSED, reason)}, reason)


def _too_large(parcels: Sequence[Parcel], refused: dict[int, tuple[str, str]]) -> Answer:
    reason = "the request is too large for SendGrid (30 MB)"
    if len(parcels) > 1:
        return Answer(QUEUED, refused, reason, split=True)
    return Answer(QUEUED, refused, f"{reason} even for one subscriber: take out pictures", stop=True)


def _errors(content: bytes) -> list[tuple[str, str]]:
    """Message and field of each error in an answer, however it is made."""
    try:
        found = json.loads(content)["errors"]
        return [(str(error.get("message") or "no reason given"), str(error.get("field") or "")) for error in found]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _retry_after(headers: Mapping[str, str] | Any) -> float:
    """Seconds from ``Retry-After``, or until ``X-RateLimit-Reset`` (vendor's guide, "Rate limits"); 0 if none."""
    for name, base in (("Retry-After", 0.0), ("X-RateLimit-Reset", time.time())):
        try:
            return min(max(float(headers[name]) - base, 0.0), 300.0)
        except (KeyError, TypeError, ValueError):
            continue
    return 0.0


def _common(letter: Letter, options: Options, tag: str) -> dict[str, Any]:
    """What is the same for every subscriber of a letter."""
    own_name, address = split_mailbox(letter.sender)
    # "to.name must not contain ; or ," (vendor documentation); the sender's is held to the same.
    name = re.sub(r"\s*[;,]\s*", " ", options.from_name or own_name).strip()
    mark = slot(letter.marker, LEAVE)
    texts = [_charset_safe(text.replace(mark, tag)) for text in (letter.rendered.text, letter.rendered.html)]
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
        },
        "tracking_settings": {
            "click_tracking": {"enable": options.click_tracking, "enable_text": False},
            "open_tracking": {"enable": options.open_tracking},
            # Else SendGrid adds an unsubscribe header of its own, and two states drift apart.
            "subscription_tracking": {"enable": False},
        },
    }
    if letter.reply_to:
        body["reply_to"] = {"email": split_mailbox(letter.reply_to)[1]}
    if options.categories:
        body["categories"] = list(options.categories)
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


def _charset_safe(text: str) -> str:
    """A text whose charset SendGrid takes for UTF-8.

    SendGrid derives the charset from the characters: text with Latin-1 letters only goes out as iso-8859-1, and Gmail
    then shows it clipped (its maintainers in sendgrid-nodejs issue 1231). One invisible character beyond it helps.
    """
    return text if text.isascii() or any(character > "\xff" for character in text) else text + "\u200c"


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _account(options: Options) -> tuple[str, dict[str, str]]:
    """The host and the headers of every request, from the vendor's package."""
    from sendgrid import SendGridAPIClient  # type: ignore[import-untyped]  # ships no types

    if not options.key:
        # The package would say "Bearer None".
        raise SendError(
            "the key of SendGrid is missing", where="[sendgrid] key", mend="write it into the file secrets/sendgrid.key"
        )
    api = SendGridAPIClient(options.key)
    if options.host:
        return options.host, dict(api.client.request_headers)
    if options.region == "eu":
        api.set_sendgrid_data_residency("eu")
    return api.client.host, dict(api.client.request_headers)


def _tls_context() -> Any:
    import ssl

    global _context  # noqa: PLW0603  building one costs 32 ms, so it is kept
    if _context is None:
        _context = ssl.create_default_context()
    return _context


_context: Any = None


def _cause(error: BaseException) -> str:
    return str(error) or type(error).__name__
