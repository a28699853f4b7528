"""Passwords, one-time codes and recovery codes: made, kept as what cannot be read back, and compared.

A password is kept as scrypt makes it (RFC 7914), with N = 2^16, r = 8, p = 2: 64 MiB and some tenths of a second for
each guess. One-time codes are those of RFC 6238, six digits each 30 seconds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from newsletter.text.sentences import said

LEAST, MOST = 12, 200
"""Signs of a password."""
CODES = 8
"""Recovery codes that somebody gets."""
STEP = 30
"""Seconds of a one-time code."""
_LOG_N, _R, _P = 16, 8, 2
_MEMORY = 128 * 1024 * 1024
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Signs of recovery codes: none that looks like another."""


def password(text: str, name: str = "") -> str:
    """A password that is good enough to be one.

    Args:
        text: As it was typed.
        name: Of its owner.

    Raises:
        ValueError: It is too short, too long, or easily guessed.
    """
    plain = _normal(text)
    if len(plain) < LEAST:
        raise ValueError(said("a password has {least} signs at least, for example four words", least=LEAST))
    if len(plain) > MOST:
        raise ValueError(said("a password has {most} signs at most", most=MOST))
    if len(set(plain)) < 5 or (name and _normal(name).casefold() in plain.casefold() and len(plain) < 2 * LEAST):
        raise ValueError(said("this password is easily guessed"))
    return plain


def hashed(text: str) -> str:
    """What is kept of a password."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_LOG_N}${_R}${_P}${_text(salt)}${_text(_scrypt(text, salt, _LOG_N, _R, _P))}"


NOBODY = f"scrypt${_LOG_N}${_R}${_P}$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""What stands in the place of a password that nobody has: to compare with it takes as long as with another."""


def matches(text: str, kept: str) -> bool:
    """Whether a password is the one of which this was kept.

    Args:
        text: As it was typed.
        kept: From `hashed`.
    """
    found = re.fullmatch(r"scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]{22})\$([\w-]{43})", kept)
    if found is None or not (10 <= int(found[1]) <= 17 and 1 <= int(found[2]) <= 8 and 1 <= int(found[3]) <= 4):
        return False
    made = _scrypt(text, _bytes(found[4]), int(found[1]), int(found[2]), int(found[3]))
    return hmac.compare_digest(made, _bytes(found[5])) and kept != NOBODY


def new_secret() -> str:
    """The secret of one-time codes, as people type it into a telephone (RFC 4648, base32); 160 bits."""
    return base64.b32encode(secrets.token_bytes(20)).decode("ascii")


def is_secret(text: str) -> bool:
    """Whether a text is the secret of one-time codes, of 80 bits at least."""
    return re.fullmatch(r"(?:[A-Z2-7]{8}){2,16}", text) is not None


def address(secret: str, name: str, newsletter: str) -> str:
    """The otpauth address that a telephone reads the secret from.

    Args:
        secret: From `new_secret`.
        name: Of its owner.
        newsletter: Its name.
    """
    label = quote(f"{newsletter.replace(':', ' ')}: {name.replace(':', ' ')}", safe="")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(newsletter.replace(':', ' '), safe='')}"


def step_of(code: str, secret: str, now: datetime, *, after: int = 0) -> int | None:
    """Which step of the clock a one-time code is of; None when of none that counts now.

    Args:
        code: Six digits, as `typed` gives them.
        secret: From `new_secret`.
        now: The present moment, timezone-aware.
        after: The step of the last code that was taken: neither it nor an older one counts again.
    """
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    made = TOTP(base64.b32decode(secret), 6, SHA1(), STEP)  # noqa: S303  the hash that telephones know
    current, found = int(now.timestamp()) // STEP, None
    # A clock may be half a minute before or behind. All three are compared, whichever it is.
    for step in (current - 1, current, current + 1):
        same = hmac.compare_digest(made.generate(step * STEP), code.encode("utf-8", "replace"))
        if same and step > after:
            found = step
    return found


def typed(code: str) -> str:
    """A code as it is compared: small letters and ASCII digits, without spaces and strokes."""
    small = "".join(str(unicodedata.digit(sign, sign)) for sign in code.strip()[:100].casefold())
    return re.sub(r"[\s\u200e\u200f\u2010-\u2015-]", "", small)


def new_recovery_codes() -> list[str]:
    """Codes for who has lost the telephone, each good once; 79 bits."""
    return ["-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4)) for _ in range(CODES)]


def recovery_digest(code: str) -> str:
    """What is kept of a recovery code."""
    return hashlib.sha256(b"nashra recovery 1\0" + typed(code).encode("utf-8", "replace")).hexdigest()


def recovery_left(code: str, kept: Sequence[str]) -> list[str] | None:
    """What is left of the recovery codes once this one is used; None when it is none of them.

    Args:
        code: As it was typed.
        kept: From `recovery_digest`.
    """
    digest = recovery_digest(code)
    same = [hmac.compare_digest(digest, one) for one in kept]
    return [one for one, used in zip(kept, same, strict=True) if not used] if any(same) else None


def _normal(text: str) -> str:
    # RFC 8265 section 4.2: an accent typed in another way is the same password.
    return unicodedata.normalize("NFC", text)


def _scrypt(text: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    plain = _normal(text).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(plain, salt=salt, n=1 << log_n, r=r, p=p, maxmem=_MEMORY + 128 * r * (1 << log_n), dklen=32)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
