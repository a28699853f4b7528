"""What a bounce says that is written for people alone, without the fields of RFC 3464 (pure).

qmail writes such ("The qmail-send Bounce Message Format", cr.yp.to/proto/qsbmf.txt), Exim without ``dsn``, old
Sendmail, gateways, and programs whose report lost its parts on the way. The words of the server that refused stand in
it in its own language, with a code, among advice that speaks of full mailboxes, rules and typing mistakes whatever the
cause was; so the advice is only read where nobody is quoted.

Such a message counts only when it comes from a mail server and says that a letter failed. A vacation note, a filter
that asks the sender to prove something, and a warning of a delay come to the same address and are none.
"""

from __future__ import annotations

import re
from typing import Literal

MOST_ADDRESSES = 5
"""Addresses of a text that are looked at: whoever forges one must name the right one among few."""

_DAEMONS = frozenset({"mailer-daemon", "mailerdaemon", "maildaemon", "mail-daemon", "postmaster", "mdaemon", "bounce"})
_DAEMON_OF_EXCHANGE = "microsoftexchange"
"""What the address begins with that Exchange reports from."""

# From here on it is the letter that came back, whatever language announces it: a line of its header.
_COPY = re.compile(
    r"^[> \t]{0,40}(?:received|return-path|delivered-to|dkim-signature|arc-seal|message-id"
    r"|mime-version|x-[a-z-]+|list-unsubscribe):[ \t]"
    r"|^[> \t]{0,40}--[- ]{0,80}(?:below this line|this is a copy|original message|unsent message"
    r"|message header|forwarded|included is|returned message|copy of|.{0,40}headers?\b)",
    re.IGNORECASE | re.MULTILINE,
)
_FAILED = re.compile(
    r"qmail-send program|created automatically by mail delivery software|permanent (?:fatal )?error"
    r"|failed permanently"
    r"|(?:could|can|was|were|has|have|is)(?:not| not|n't|n’t) (?:be |been )?(?:delivered|sent|reach)|undeliver"
    r"|non[- ]?delivery|deliver\w* (?:\w+ ){0,6}(?:failed|failure|not possible)|fail\w* (?:\w+ ){0,3}deliver"
    r"|returned (?:mail|to sender|message)|(?:unable|not able|failed|impossible) to (?:be )?(?:deliver|send|reach)"
    r"|error delivering|failure notice|address not found|message bounced"
    r"|following address(?:\(es\)|es)? (?:\w+ )?(?:failed|had)|rejected your message"
    r"|message (?:was )?(?:blocked|not delivered)|nicht (?:zugestellt|[üu]bermittelt|zustell)|unzustellbar"
    r"|n'a pas pu [êe]tre|n’a pas pu [êe]tre|non (?:remis|distribu)"
    r"|[ée]chec de (?:la )?(?:remise|distribution|livraison)|no se (?:pudo|ha podido) (?:entregar|enviar)"
    r"|no entregado|non recapitat|impossibile (?:recapitare|consegnare)|n[ãa]o (?:p[ôo]de ser|foi) entreg"
    r"|n[ãa]o entregue|onbestelbaar|teslim edilemedi|iletilemedi|не (?:было )?доставлен|недоставлен"
    r"|не удалось доставить|не может быть доставлен|تعذ[ّ]?ر (?:تسليم|إرسال|توصيل)"
    r"|لم (?:يتم|يتمكن) (?:من )?(?:تسليم|توصيل|إرسال)|فشل (?:في )?(?:تسليم|توصيل|إرسال)|غير قابلة? للتسليم"
    r"|تحویل داده نشد|לא (?:נמסרה|ניתן למסור)|מסירה נכשלה|无法(?:投递|送达)|未送达|退信|配信(?:不能|できません)",
    re.IGNORECASE,
)
_WAITS = re.compile(
    r"will (?:be |not give up |now )?(?:retr|keep trying|continue|try (?:again|to))|attempts will continue"
    r"|warning message only|(?:keep|continue) (?:to )?try|delayed (?:for )?(?:\d+|by)|still undelivered"
    r"|not (?:yet )?been delivered yet|has not yet been|delivery (?:is |has been )?(?:incomplete|delayed)"
    r"|delivery status notification \(delay|message delayed|no action is required"
    r"|^warning: (?:message|could not send)|weitere zustellversuche|wird (?:weiter|erneut) versucht|verzögert"
    r"|retard[ée]|sera (?:de nouveau|retent)|se (?:seguirá|volverá a) intent|تأخ[ّ]?ر (?:تسليم|توصيل)"
    r"|ستتم إعادة المحاولة|задержан",
    re.IGNORECASE | re.MULTILINE,
)
_PEOPLE = re.compile(
    r"out of (?:the )?office|vacation|on leave|annual leave|away from|auto(?:matic)?[ -]?(?:reply|respon)|holiday"
    r"|abwesen|absence|not in the office|back (?:on|in the office)|خارج المكتب|إجازة|رد تلقائي|fuera de la oficina"
    r"|urlaub|congés?\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:please|kindly|must|need to|to) (?:confirm|prove|authenticate|validate|complete|click|reply|respond)"
    r"|verify (?:that )?(?:you|your)|challenge|captcha|(?:you are|are you) (?:a )?(?:human|person|real)"
    r"|waiting for (?:your )?confirm|held (?:for|until|pending)|approval|whitelist|allowed senders"
    r"|bitte bestätigen|veuillez confirmer|confirme",
    re.IGNORECASE,
)
# A code as a server writes it: behind nothing that makes it part of a number, an address or a name.
_QUOTED = re.compile(
    r"(?<![\w.:/-])[45][0-5][0-9][ -]#?(?=[^\s:])|(?<![\w.])[45]\.[0-7]\.[0-9]{1,3}(?![\w.]*[0-9])", re.IGNORECASE
)
_ENHANCED = re.compile(r"(?<![\w.])[45]\.[0-7]\.[0-9]{1,3}(?![\w.]*[0-9])")
"""A code of RFC 3463; a person who writes of prices and telephones has none."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u0080-\uffff-]{1,64}@[\w.-]{1,255}[\w]")
_LONGEST = 30_000
_MOST_LINES = 8


def from_a_server(senders: list[str], *, names_failed: bool, null_path: bool, text: str) -> bool:
    """Whether a mail server wrote a message, and no person and no program of theirs.

    Args:
        senders: Bare addresses in From, or names where there is no address.
        names_failed: The header ``X-Failed-Recipients`` is there, which Exim and Gmail write.
        null_path: It came with an empty return path (RFC 5321 section 4.5.5); vacation notes do too.
        text: What it says, without a letter that it returns.
    """
    locals_ = [(address.rpartition("@")[0] or address).lower() for address in senders]
    if names_failed or any(one in _DAEMONS or one.startswith(_DAEMON_OF_EXCHANGE) for one in locals_):
        return True
    return null_path and _ENHANCED.search(text) is not None


def split(text: str) -> tuple[str, str]:
    """What a server writes, and the letter it returns below, by the first line that looks like a header of it.

    Args:
        text: Plain text of a message.
    """
    text = text[:_LONGEST]
    found = _COPY.search(text)
    return (text, "") if found is None else (text[: found.start()], text[found.start() :])


def outcome(subject: str, text: str) -> Literal["failed", "delayed", ""]:
    """Whether a server tells that a letter failed or waits; empty when it says neither.

    Args:
        subject: Of the message, its encoded words decoded.
        text: What the server wrote.
    """
    both = f"{subject}\n{text}"
    if _PEOPLE.search(subject):
        return ""
    if _WAITS.search(both):
        return "delayed"
    if not _FAILED.search(both):
        return ""
    if _QUOTED.search(text) is None and (_PEOPLE.search(text) or _ASKS.search(both)):
        return ""
    return "failed"


def quotes(text: str) -> bool:
    """Whether a text holds the code of a server that refused.

    Args:
        text: What the reporting server wrote.
    """
    return _QUOTED.search(text) is not None


def quoted(text: str) -> str:
    """The words of the server that refused: lines with its codes and what follows them, or all there is.

    Args:
        text: What the reporting server wrote.
    """
    lines, found = text.splitlines(), list[str]()
    left = 0
    for line in lines:
        if _QUOTED.search(line):
            left = _MOST_LINES
        elif not line.strip():
            left = 0
        if left:
            found.append(line.strip().lstrip("<> "))
            left -= 1
    if found:
        return " ".join(found)
    about = [block for block in re.split(r"\n\s*\n", text) if _ADDRESS.search(block)]
    return " ".join(" ".join(about or [text]).split())


def addresses(text: str, own: str) -> list[str]:
    """The addresses that a text names, the first ``MOST_ADDRESSES`` of them, without our own.

    Args:
        text: What the reporting server wrote.
        own: Bare address that our letters come from.
    """
    found = dict.fromkeys(one.strip(".'") for one in _ADDRESS.findall(text[:_LONGEST]))
    return [one for one in found if one.lower() != own.lower() and not _of_a_server(one)][:MOST_ADDRESSES]


def _of_a_server(address: str) -> bool:
    local = address.rpartition("@")[0].lower()
    return local in _DAEMONS or local.startswith(_DAEMON_OF_EXCHANGE)
