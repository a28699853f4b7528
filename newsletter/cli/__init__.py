"""The command ``newsletter``: arguments in, one verb, words out, an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the check found errors, 4 some letters were refused or are unknown,
5 nothing sent though something was due, 75 stopped in the middle (run it again).
Nothing heavy is imported before a command needs it, so ``--help`` answers at once; the commands themselves, in
``newsletter.cli.tree``, not before it is known that the shell only asks what can stand behind Tab.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["main"]


def main() -> None:
    """Run the command; every problem becomes a line for a person and an exit code."""
    _prepare_streams()
    _answer_the_shell()
    from newsletter.cli import speaking, tree
    from newsletter.cli.app import FOUND_ERRORS, NOTHING_SENT
    from newsletter.cli.output import discard_stdout, flush, say
    from newsletter.errors import HeldSendError, NotApprovedError, file_limit_error
    from newsletter.text.sentences import said
    from subscribers.errors import Complaint

    sys.argv[1:] = speaking.typed(sys.argv[1:])
    speaking.choose(sys.argv[1:], os.environ)
    try:
        try:
            tree.app()
        finally:
            flush()
    except Complaint as complaint:
        for line in speaking.complaint_lines(file_limit_error(complaint) or complaint):
            say(said("error: {line}", line=line))
        if isinstance(complaint, NotApprovedError):
            sys.exit(FOUND_ERRORS)
        sys.exit(NOTHING_SENT if isinstance(complaint, HeldSendError) else 1)
    except BrokenPipeError:
        # Whoever read our data has gone; nothing more can be said on that stream.
        discard_stdout()
        sys.exit(1)
    except UnicodeEncodeError:
        if _debugging():
            raise
        say("error: letters of this command line do not fit the locale; run the same command with LC_ALL=C.UTF-8")
        sys.exit(1)
    except Exception as error:
        if _debugging():
            raise
        if (full := file_limit_error(error)) is not None:
            say(said("error: {line}", line=speaking.complained(full)))
            sys.exit(1)
        # Its first line only: PostgreSQL shows the values of a row in the second, addresses too.
        words = str(error).partition("\n")[0]
        kind = type(error).__name__
        say(said("error: a fault in the program, please report it: {kind}: {words}", kind=kind, words=words))
        say("       (NASHRA_DEBUG=1 shows where it happened)")
        sys.exit(1)


def _answer_the_shell() -> None:
    """Say what can stand behind Tab and leave, where that is asked; whoever calls the program otherwise goes on."""
    if "_NEWSLETTER_COMPLETE" not in os.environ or Path(sys.argv[0]).name != "newsletter":
        return
    from newsletter.completing import answer

    if (answered := answer(os.environ)) is not None:
        sys.stdout.write(answered[0])
        sys.exit(answered[1])


def _debugging() -> bool:
    from newsletter.workspace.layers import DEBUG

    return bool(os.environ.get(DEBUG))


def _prepare_streams() -> None:
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Closed by whoever called us (``>&-``): what is said there goes nowhere.
            nowhere = Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115  stays open
            setattr(sys, name, nowhere)
        elif name != "stdin":
            # A terminal or pipe with a small character set gets question marks, not a traceback.
            stream.reconfigure(errors="replace")
