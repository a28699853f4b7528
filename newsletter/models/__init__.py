"""Values that rooms hand each other: article, issue, section, story, letter. No behaviour beyond what they know."""

from __future__ import annotations

from newsletter.models.issues import Article, Holding, Issue, PostBox, Prose, Section, Story, StoryChange
from newsletter.models.letters import (
    SUFFIXES,
    CalendarEvent,
    CountedLink,
    Letter,
    Level,
    Picture,
    Poll,
    Problem,
    Rendered,
    setting_picture,
)
from newsletter.models.publication import RTL_LANGUAGES, Publication, SocialKind, Theme

__all__ = [
    "RTL_LANGUAGES",
    "SUFFIXES",
    "Article",
    "CalendarEvent",
    "CountedLink",
    "Holding",
    "Issue",
    "Letter",
    "Level",
    "Picture",
    "Poll",
    "PostBox",
    "Problem",
    "Prose",
    "Publication",
    "Rendered",
    "Section",
    "SocialKind",
    "Story",
    "StoryChange",
    "Theme",
    "setting_picture",
]
