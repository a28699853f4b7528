"""Which requests for links come from programs and not from people, as far as that can be told (pure).

Programs that scan mail or make previews of links ask for them too. Two things give them away: some say who they are,
and some ask for many links of one letter faster than anybody reads. Those who do neither cannot be told from people.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

BURST = 3
"""Different links of one letter, asked for from one place within ``BURST_SECONDS``, that nobody's hand presses."""
BURST_SECONDS = 2.0
MANY = 6
"""Different links of one letter, asked for from one place within ``MANY_SECONDS``."""
MANY_SECONDS = 10.0
LEAST_ALL = 4
"""Links that a letter has at least for one who asks for all of them to be a program: people do read short letters."""

AGENTS = (
    # Previews of links in messages, as each service documents them:
    "facebookexternalhit",  # developers.facebook.com/docs/sharing/webmasters/web-crawlers; WhatsApp and Instagram too
    "facebookcatalog",
    "meta-external",
    "whatsapp/",  # what the same page's "WhatsApp" asks with when a link is written into a chat
    "telegrambot",  # core.telegram.org: "TelegramBot (like TwitterBot)"
    "twitterbot",  # developer.x.com, "Cards: getting started", section "URL crawling"
    "linkedinbot",  # linkedin.com/robots.txt
    "slackbot",  # api.slack.com/robots
    "slack-imgproxy",
    "discordbot",  # "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"
    "skypeuripreview",  # learn.microsoft.com, Teams: "SkypeUriPreview Preview/0.5"
    # Search and reading aloud: developers.google.com/search/docs/crawling-indexing/overview-google-crawlers;
    # bing.com/webmasters/help/which-crawlers-does-bing-use; support.apple.com/119829; yandex.com/support/webmaster
    "googlebot",
    "google-safety",
    "google-read-aloud",
    "google-inspectiontool",
    "googleother",
    "googleimageproxy",
    "mediapartners-google",
    "bingbot",
    "bingpreview",
    "applebot",
    "yandexbot",
    "duckduckbot",
    # Programs and their libraries, by the names that each one's own documentation says it gives itself:
    "curl/",
    "wget/",
    "python-requests",
    "python-urllib",
    "python-httpx",
    "aiohttp",
    "go-http-client",
    "apache-httpclient",
    "okhttp",
    "node-fetch",
    "axios/",
    "undici",
    "libwww-perl",
    "guzzlehttp",
    "headlesschrome",
    "phantomjs",
)
"""Parts of the user agent by which programs say what they are, in lower case."""
_CALLS_ITSELF_SO = re.compile(r"(?<!\bcu)bot\b|crawl|spider|scanner|fetcher|\+?https?://")
"""What programs are asked to write there (RFC 9309 section 2.2.1, RFC 9110 section 10.1.5), with an address.
Cubot makes telephones."""


def says_so(agent: str) -> bool:
    """Whether a program says by its own user agent that it is one; nobody's browser has none.

    Args:
        agent: The header ``User-Agent``; empty when there was none.
    """
    lower = agent.strip().lower()
    return not lower or any(name in lower for name in AGENTS) or _CALLS_ITSELF_SO.search(lower) is not None


def is_burst(visits: Sequence[tuple[float, str]], links: Collection[str]) -> bool:
    """Whether requests from one place for links of one letter are those of a program.

    Args:
        visits: Seconds of any clock and name of the link, in the order of time.
        links: Names of all links of the letter.
    """
    if len(links) >= LEAST_ALL and {name for _, name in visits} >= set(links):
        return True
    return _within(visits, BURST, BURST_SECONDS) or _within(visits, MANY, MANY_SECONDS)


def _within(visits: Sequence[tuple[float, str]], most: int, seconds: float) -> bool:
    """Whether so many different links were asked for within so many seconds."""
    start = 0
    for end, (at, _) in enumerate(visits):
        while at - visits[start][0] > seconds:
            start += 1
        if len({name for _, name in visits[start : end + 1]}) >= most:
            return True
    return False
