"""What the newsroom's WordPress refuses, and what keeps an issue from it, in the language of the desk. Pure."""

from __future__ import annotations

_ROLE = "Ask whoever looks after the site for the role of an author for this user."
_LOOK = "Ask whoever looks after the site to look into its log of errors."
_LATER = "Try again later: nothing is done twice."
_CONNECT = "Connect the site again, at a terminal."

REFUSALS: tuple[tuple[str, str, str], ...] = (
    (r"no WordPress is connected", "No site is connected.", "Connect your WordPress once, at a terminal."),
    (
        r"its password would travel without encryption",
        "The site is not encrypted, so its password was not sent there.",
        "Let it answer over https, and connect it again.",
    ),
    (
        r"others can read the password of the site",
        "Others on this machine can read the site's password, so it was not used.",
        "Ask whoever looks after this machine to let nobody else read that file.",
    ),
    (r"the password of the site cannot be read", "The site's password cannot be read.", _CONNECT),
    (
        r"another process is publishing this issue",
        "Somebody is putting this issue on the site just now.",
        "Look again in some minutes.",
    ),
    # ---- it is away
    (r"no connection", "The site cannot be reached.", _LATER),
    (r"no complete answer came within", "The site took too long to answer.", _LATER),
    (r"the answer broke off", "The answer of the site broke off.", _LATER),
    (r"it does not answer as it should", "The site is in trouble just now.", _LATER),
    (
        r"the site shows a robot check",
        "A guard of the site takes us for a robot.",
        "Ask whoever looks after the site to let this machine in.",
    ),
    (
        r".*is no public address",
        "The site's address leads into a private network, where nothing is asked.",
        "If it is your own, allow it in the settings of collecting.",
    ),
    # ---- it does not let us in
    (
        r"it does not know us|it knows no such user",
        "The site does not let us in: its password is wrong or was taken back, or its server loses it on the way.",
        _CONNECT,
    ),
    (
        r"application passwords are switched off|it takes no application passwords, for it believes to be without TLS",
        "The site takes no passwords of programs.",
        "Ask whoever looks after the site to switch application passwords on; they want https.",
    ),
    (
        r"its REST interface is closed|what answers at its REST interface is no WordPress",
        "The site's interface for programs is closed.",
        "Ask whoever looks after the site to open its interface for programs to users who are signed in.",
    ),
    (r"its interface leads to (?P<address>.+)", "The site has moved to {address}", "Connect it at its new address."),
    (r".+ is an administrator there", "This user is an administrator there, and may do too much.", _ROLE),
    (r".+ there, and may not do this", "This user may do too little there.", _ROLE),
    (r"it does not say what the user may do", "The site does not say what this user may do.", _LOOK),
    (
        r"the post is somebody else's there",
        "The post belongs to somebody else there, and this user may not change it.",
        "Give it back to this user there, or connect the site as an editor.",
    ),
    (r"the user may not", "This user may not do that there.", _ROLE),
    # ---- it does not take it
    (
        r"it has no category with the slug (?P<name>.+)",
        "The site has no category {name}",
        "Make it there, or take it out of the settings.",
    ),
    (
        r"it has no type of posts (?P<name>\S+)|it has no types/(?P<type>\S+)",
        "The site has no such type of posts: {name}",
        "Choose another one in the settings.",
    ),
    (r"it has no \S+", "The site does not know what was asked for.", _LOOK),
    (
        r"several posts have the slug (?P<name>\S+):",
        "Several posts there have the name {name}",
        "Throw away all but one.",
    ),
    (r"it does not take the picture", "The site does not take a picture.", "Save it as {kind}, 2000 pixels across."),
    (
        r"it takes no post of this size",
        "The issue is larger than the site takes.",
        "Ask whoever looks after the site to raise the limit of a request.",
    ),
    (r"it refuses that", "The site refuses it.", _LOOK),
    (r"the (?:post|picture) that it shows", "The site gave an answer that is none.", _LOOK),
    (
        r"post \d+ is not there, though it took it",
        "The site took the post, and does not have it now.",
        "Try once more; if it stays so, ask whoever looks after the site.",
    ),
)
"""How a complaint begins, what the desk says of it, and how it is mended."""
