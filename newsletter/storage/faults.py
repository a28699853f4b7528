"""What a database tells of its troubles, in words that say how to mend them."""

from __future__ import annotations

BUSY_SECONDS = 30
"""How long a writer waits for another one on SQLite."""


def is_away(error: BaseException | None) -> bool:
    """Whether a server may be back in a while (PostgreSQL's manual, appendix A: classes 08, 57P and more).

    Without a code it was libpq that could not connect, or whose connection broke; but a wrong password or a name that
    does not exist comes without one too.
    """
    import psycopg

    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate:
        # 25P03: the server lost patience with a transaction of ours in which nothing happened.
        # 40P01 and 40001: two transactions waited for each other, and this one was rolled back.
        return error.sqlstate.startswith(("08", "57P0")) or error.sqlstate in {"53300", "25P03", "40P01", "40001"}
    if not isinstance(error, psycopg.OperationalError):
        return False
    words = str(error)
    if "FATAL" in words:
        return any(sign in words for sign in ("starting up", "shutting down", "too many", "recovery", "terminating"))
    return "resolve" not in words


def complaint(reason: str) -> tuple[str]:
    """What the database says, and how to mend it where that is known."""
    reason = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    mends = {
        "full": "free some space and run the same command again; what was committed is safe",
        "No space left": "free some space and run the same command again; what was committed is safe",
        "locked": f"another command held it for {BUSY_SECONDS} seconds; run this one again",
        "readonly": "make the file and its folder writable",
        "read-only": "make the file and its folder writable",
        "unable to open": "check that its folder exists and can be written to",
        # What a full disk is to the write-ahead log.
        "disk I/O": "free some space, or check the disk; then run the same command again",
        "not a database": "the file is damaged or something else; restore a backup",
        "malformed": "the file is damaged; restore a backup",
        "no such table": "run: newsletter database upgrade",
        "does not exist": "check [database] url; then run: newsletter database upgrade",
        "connect": "check [database] url and that the server runs",
    }
    mend = next((words for sign, words in mends.items() if sign in reason), "")
    return (f"the database says: {reason}" + (f"; {mend}" if mend else ""),)
