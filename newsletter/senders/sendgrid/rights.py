"""What a SendGrid key may do, asked without doing any of it.

Source: the vendor's API reference, "Retrieve a list of scopes for which this user has access" (``GET /v3/scopes``):
it answers with the scopes of the key that asks (read in November 2026; no live account was used).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from newsletter.errors import SendError
from newsletter.senders.https import Api, ask_json
from newsletter.senders.reports import AccountFault, AccountState
from newsletter.text.sentences import joined, said

if TYPE_CHECKING:
    from newsletter.senders.sendgrid.options import SendGridOptions

PATH = "/v3/scopes"
SEND = "mail.send"
_HARMLESS = ("mail.", "suppression", "asm.", "messages.", "email_activity.", "sender_verification_", "2fa_", "stats.")
"""How the scopes begin that this program uses, and others that harm nobody; what else a key may do is counted."""


def look(api: Api, options: SendGridOptions) -> AccountState:
    """Ask which rights the key has.

    Args:
        api: The account.
        options: As the settings say.

    Raises:
        SendError: SendGrid cannot be reached, refuses the key, or answers something else than rights.
    """
    answer = ask_json(api, PATH)
    at = time.time()
    content = answer.content if isinstance(answer.content, dict) else {}
    if answer.status == 401:
        mend = "make a new API key at SendGrid and write it into the file secrets/sendgrid.key"
        raise SendError("SendGrid refuses the key (401)", where=api.where, mend=mend)
    if answer.status == 403:
        fault = AccountFault(
            "SendGrid knows the key and does not show its rights (403)",
            "look at its rights there: it needs Mail Send, and reading of suppressions",
            is_grave=False,
        )
        return AccountState("the key is known", (fault,), answer.date, at)
    scopes = content.get("scopes")
    if answer.status != 200 or not isinstance(scopes, list):
        raise SendError(
            said("SendGrid gives no answer at {path} ({status})", path=PATH, status=answer.status),
            where=api.where,
            mend="try again",
        )
    named = {one for one in scopes if isinstance(one, str)}
    faults = []
    if SEND not in named:
        faults.append(AccountFault("the key may not send", "give it the right Mail Send at SendGrid"))
    if not any(one.startswith("suppression") and one.endswith("read") for one in named):
        faults.append(
            AccountFault(
                "the key may not read the lists of addresses that SendGrid does not mail",
                "give it the right to read Suppressions, so that newsletter subscribers sync works",
                is_grave=False,
            )
        )
    if options.sandbox:
        faults.append(
            AccountFault(
                "sandbox = true: SendGrid checks every letter and sends none",
                "take that line out of [sendgrid] before the first real letter",
                is_grave=False,
            )
        )
    more = sorted(one for one in named if not one.startswith(_HARMLESS))
    words: str = "the key works and may send"
    if more:
        rest = said(
            "it may do {number} things more than that, which a key of its own for this need not", number=len(more)
        )
        words = joined((words, rest))
    return AccountState(words, tuple(faults), answer.date, at)
