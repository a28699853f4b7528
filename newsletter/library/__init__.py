"""The articles we know, each once, and which issue carried each.

An article is known by every name it ever had: what its source calls it for good, its addresses, its words. Collecting
it again adds nothing, wherever its site has moved it, and takes over what its source has corrected since.
"""

from __future__ import annotations

from newsletter.library.carrying import carried_by, carried_in, carried_to, links, remember, with_links
from newsletter.library.names import move, name_of_wordpress, of_issue, of_stories, unused
from newsletter.library.outlines import ArticleOutline, bodies, last_carried, outlines, picture
from newsletter.library.rows import holdings, newest
from newsletter.library.shelving import LibraryChange, Shelved, shelve
from newsletter.library.validators import keep_validators, validators
from newsletter.library.withdrawing import missing, restore, withdraw

__all__ = [
    "ArticleOutline",
    "LibraryChange",
    "Shelved",
    "bodies",
    "carried_by",
    "carried_in",
    "carried_to",
    "holdings",
    "keep_validators",
    "last_carried",
    "links",
    "missing",
    "move",
    "name_of_wordpress",
    "newest",
    "of_issue",
    "of_stories",
    "outlines",
    "picture",
    "remember",
    "restore",
    "shelve",
    "unused",
    "validators",
    "with_links",
    "withdraw",
]
