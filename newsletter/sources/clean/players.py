"""Films, sounds and pieces of other sites in an article: what a letter, which plays nothing, can link to instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from newsletter.sources.clean.markup import classes
from newsletter.sources.links import absolute, host
from newsletter.text.tidy import tidy

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LAZY = ("src", "data-src", "data-lazy-src", "data-litespeed-src", "data-src-cmplz", "data-original", "data")
_YOUTUBE = re.compile(r"(?:/(?:embed|v|shorts|live)/|youtu\.be/)([\w-]{11})(?![\w-])")
_THUMBNAIL = "https://i.ytimg.com/vi/{}/hqdefault.jpg"
"""The preview picture that YouTube has of every film, 480 by 360 pixels (YouTube Data API, thumbnails)."""
_SERVICES = (
    ("youtube", re.compile(r"(?:^|\.)(?:youtube\.com|youtube-nocookie\.com|youtu\.be)$")),
    ("vimeo", re.compile(r"(?:^|\.)vimeo\.com$")),
    ("dailymotion", re.compile(r"(?:^|\.)(?:dailymotion\.com|dai\.ly)$")),
    ("x", re.compile(r"(?:^|\.)(?:twitter\.com|x\.com)$")),
    ("facebook", re.compile(r"(?:^|\.)(?:facebook\.com|fb\.watch)$")),
    ("instagram", re.compile(r"(?:^|\.)instagram\.com$")),
    ("telegram", re.compile(r"^(?:t\.me|telegram\.me)$")),
    ("soundcloud", re.compile(r"(?:^|\.)soundcloud\.com$")),
    ("tiktok", re.compile(r"(?:^|\.)tiktok\.com$")),
    ("spotify", re.compile(r"(?:^|\.)spotify\.com$")),
)
# What a frame of these shows is no part of an article: advertisements, buttons, tests for robots, measuring.
_FURNITURE = re.compile(
    r"(?:^|\.)(?:doubleclick\.net|googlesyndication\.com|googletagmanager\.com|adservice\.google\.\w+|taboola\.com"
    r"|outbrain\.com|mgid\.com|amazon-adsystem\.com|criteo\.com|adnxs\.com|recaptcha\.net|hcaptcha\.com|disqus\.com"
    r"|addtoany\.com|sharethis\.com|stats\.wp\.com)$"
)
_FURNITURE_PATHS = re.compile(
    r"facebook\.com/plugins/(?:like|page|share|follow|comments|group)|/recaptcha/|twitter\.com/widgets/(?:follow|tweet_but)"
    r"|youtube\.com/(?:subscribe_embed|embed/?\?listType=user)|[/.]ads?[/.]",
    re.IGNORECASE,
)
_JARGON = re.compile(
    r"(?:youtube|vimeo|facebook|twitter|x|instagram|tiktok|soundcloud|spotify|video|audio|embed\w*|post"
    r"|iframe|player|widget|frame|content|\W)*",
    re.IGNORECASE,
)
_FILE = re.compile(r"\.(?:(mp3|m4a|oga|ogg|opus|wav|aac)|mp4|m4v|webm|ogv|mov)(?:[?#]|$)", re.IGNORECASE)
_LONGEST_TITLE = 150
_AMP = {
    "amp-youtube": ("data-videoid", "https://www.youtube.com/watch?v="),
    "lite-youtube": ("videoid", "https://www.youtube.com/watch?v="),
    "amp-vimeo": ("data-videoid", "https://vimeo.com/"),
    "amp-dailymotion": ("data-videoid", "https://www.dailymotion.com/video/"),
    "amp-twitter": ("data-tweetid", "https://x.com/i/status/"),
    "amp-instagram": ("data-shortcode", "https://www.instagram.com/p/"),
    "amp-facebook": ("data-href", ""),
    "amp-iframe": ("src", ""),
    "amp-video": ("src", ""),
    "amp-audio": ("src", ""),
}
_BY_CLASS = {
    "fb-post": "data-href",
    "fb-video": "data-href",
    "instagram-media": "data-instgrm-permalink",
    "tiktok-embed": "cite",
    "text-post-media": "data-text-post-permalink",
}
TAGS = frozenset({"iframe", "video", "audio", "embed", "object", "script", *_AMP})
"""Elements that play or show something of their own."""

_WORDS = {
    "ar": {
        "youtube": "شاهد الفيديو على يوتيوب",
        "vimeo": "شاهد الفيديو على فيميو",
        "dailymotion": "شاهد الفيديو على ديلي موشن",
        "x": "اقرأ المنشور على إكس",
        "facebook": "افتح المنشور على فيسبوك",
        "instagram": "افتح المنشور على إنستغرام",
        "telegram": "اقرأ المنشور على تيليغرام",
        "soundcloud": "استمع إلى التسجيل على ساوند كلاود",
        "tiktok": "شاهد الفيديو على تيك توك",
        "spotify": "استمع إلى الحلقة على سبوتيفاي",
        "video": "شاهد الفيديو",
        "audio": "استمع إلى التسجيل",
        "": "افتح المحتوى على {site}",
    },
    "fa": {
        "youtube": "ویدئو را در یوتیوب ببینید",
        "vimeo": "ویدئو را در ویمیو ببینید",
        "dailymotion": "ویدئو را در دیلی‌موشن ببینید",
        "x": "این نوشته را در ایکس بخوانید",
        "facebook": "این پست را در فیس‌بوک ببینید",
        "instagram": "این پست را در اینستاگرام ببینید",
        "telegram": "این پست را در تلگرام بخوانید",
        "soundcloud": "در ساندکلاد بشنوید",
        "tiktok": "ویدئو را در تیک‌تاک ببینید",
        "spotify": "در اسپاتیفای بشنوید",
        "video": "ویدئو را ببینید",
        "audio": "فایل صوتی را بشنوید",
        "": "این محتوا را در {site} ببینید",
    },
    "he": {
        "youtube": "לצפייה בסרטון ביוטיוב",
        "vimeo": "לצפייה בסרטון בווימאו",
        "dailymotion": "לצפייה בסרטון בדיילימושן",
        "x": "לקריאת הפוסט באיקס",
        "facebook": "לפוסט בפייסבוק",
        "instagram": "לפוסט באינסטגרם",
        "telegram": "לקריאת הפוסט בטלגרם",
        "soundcloud": "להאזנה בסאונדקלאוד",
        "tiktok": "לצפייה בסרטון בטיקטוק",
        "spotify": "להאזנה בספוטיפיי",
        "video": "לצפייה בסרטון",
        "audio": "להאזנה להקלטה",
        "": "לתוכן באתר {site}",
    },
    "fr": {
        "youtube": "Voir la vidéo sur YouTube",
        "vimeo": "Voir la vidéo sur Vimeo",
        "dailymotion": "Voir la vidéo sur Dailymotion",
        "x": "Lire la publication sur X",
        "facebook": "Voir la publication sur Facebook",
        "instagram": "Voir la publication sur Instagram",
        "telegram": "Lire la publication sur Telegram",
        "soundcloud": "Écouter sur SoundCloud",
        "tiktok": "Voir la vidéo sur TikTok",
        "spotify": "Écouter sur Spotify",
        "video": "Voir la vidéo",
        "audio": "Écouter l’enregistrement",
        "": "Voir le contenu sur {site}",
    },
    "en": {
        "youtube": "Watch the video on YouTube",
        "vimeo": "Watch the video on Vimeo",
        "dailymotion": "Watch the video on Dailymotion",
        "x": "Read the post on X",
        "facebook": "See the post on Facebook",
        "instagram": "See the post on Instagram",
        "telegram": "Read the post on Telegram",
        "soundcloud": "Listen on SoundCloud",
        "tiktok": "Watch the video on TikTok",
        "spotify": "Listen on Spotify",
        "video": "Watch the video",
        "audio": "Listen to the recording",
        "": "See the content on {site}",
    },
}


@dataclass(frozen=True, slots=True)
class Player:
    """What plays somewhere else."""

    address: str
    """Of a page or file that a reader can open."""
    kind: str
    """``youtube``, ``x`` and so on; ``video`` or ``audio`` for a file; empty for any other frame."""
    title: str = ""
    picture: str = ""

    def words(self, language: str) -> str:
        """The words of its link.

        Args:
            language: ``ar``, ``fa``, ``he``, ``fr`` or ``en``.
        """
        words = _WORDS[language][self.kind].format(site=host(self.address))
        return f"{words}: {self.title}" if self.title else words


def player(node: HtmlElement, base: str) -> Player | None:
    """What an element plays or shows of another site.

    Args:
        node: Any element.
        base: Address that its own is relative to; may be empty.

    Returns:
        None when it is no player, has no address, or shows an advertisement or a button; also for a frame of an
        unknown site that has neither a title nor a figure around it.
    """
    address = absolute(base, _given(node))
    if not address or _is_hidden(node) or _FURNITURE.search(host(address)) or _FURNITURE_PATHS.search(address):
        return None
    found = player_at(address)
    title = tidy(node.get("title") or "")
    if _JARGON.fullmatch(title) or len(title) > _LONGEST_TITLE:
        title = ""
    kind = {"video": "video", "audio": "audio", "amp-video": "video", "amp-audio": "audio"}.get(node.tag, "")
    poster = absolute(base, node.get("poster") or "")
    is_frame = node.tag not in ("video", "audio", "amp-video", "amp-audio")
    if found is None and is_frame and not title and next(node.iterancestors("figure"), None) is None:
        return None  # a frame that nobody named may be anything, mostly an advertisement
    if found is None:
        return Player(address, kind, title, poster)
    return Player(found.address, found.kind, title, poster or found.picture)


def player_at(address: str) -> Player | None:
    """The player of a known service, or the film or sound, that an address leads to, whatever form it has.

    Args:
        address: An absolute web address.

    Returns:
        None for every other address, also for one of a profile or channel.
    """
    name = host(address)
    if match := _FILE.search(address):
        return Player(address, "audio" if match[1] else "video")
    kind = next((kind for kind, hosts in _SERVICES if hosts.search(name)), "")
    parts = urlsplit(address)
    values = {key: each[0] for key, each in parse_qs(parts.query).items()}
    if kind == "youtube":
        match = _YOUTUBE.search(address)
        number = match[1] if match else values.get("v", "")
        if re.fullmatch(r"[\w-]{11}", number, re.ASCII):
            return Player(f"https://www.youtube.com/watch?v={number}", kind, "", _THUMBNAIL.format(number))
        return Player(address, kind) if "list" in values else None
    if kind == "facebook" and parts.path.startswith("/plugins/"):
        return Player(inner, kind) if (inner := absolute("", values.get("href", ""))) else None
    if kind == "x" and "id" in values and values["id"].isdecimal():
        return Player(f"https://x.com/i/status/{values['id']}", kind)
    if kind == "vimeo" and (match := re.search(r"/(?:video/)?(\d{5,12})(?:/|$)", parts.path)):
        return Player(f"https://vimeo.com/{match[1]}", kind)
    patterns = {
        "dailymotion": "/video/|dai.ly/",
        "x": "/status/",
        "facebook": "/(?:posts|videos|watch|reel|photo|share)|fb.watch|permalink",
        "instagram": "/(?:p|reel|tv)/",
        "telegram": r"t(?:elegram)?\.me/\w+/\d+",
        "soundcloud": "/player/|com/[^/]+/[^/]+",
        "tiktok": "/video/|/embed/|vm.tiktok",
        "spotify": "/(?:episode|show|track|playlist|album)/",
    }
    if not kind or kind not in patterns or not re.search(patterns[kind], address):
        return None
    clean = (
        re.sub(r"/embed(?:/captioned)?/?(?:\?.*)?$|\?embed=1.*$", "/", address)
        if kind in ("instagram", "telegram")
        else address
    )
    return Player(re.sub(r"(dailymotion\.com|spotify\.com)/embed/", r"\1/", clean), kind)


def language_of(root: HtmlElement) -> str:
    """The language of an article for the words around it, by its letters: ``ar``, ``fa``, ``he``, ``fr`` or ``en``.

    Args:
        root: The article; a language it states itself is believed for French only, since themes state English.
    """
    text = "".join(piece for piece, _ in zip(root.itertext(), range(2000), strict=False))[:20_000]
    text = re.sub(r"https?://\S+", " ", text)
    arabic, hebrew = len(re.findall("[\u0620-\u064a\u06cc\u06a9]", text)), len(re.findall("[\u05d0-\u05ea]", text))
    latin = len(re.findall("[A-Za-z]", text))
    if hebrew > arabic and hebrew * 3 > latin:
        return "he"
    if arabic * 3 > latin or (arabic and not latin):
        return "fa" if len(re.findall("[پچژگیک]", text)) * 12 > arabic else "ar"
    if not latin:
        return "ar"
    french = len(re.findall(r"\b(?:le|la|les|des|et|une|dans|est|du)\b", text, re.IGNORECASE))
    english = len(re.findall(r"\b(?:the|of|and|to|is|in|that|for)\b", text, re.IGNORECASE))
    return "fr" if french > english or (root.get("lang") or "").lower().startswith("fr") else "en"


def _given(node: HtmlElement) -> str:
    """The address that an element plays, as it stands there."""
    if node.tag in _AMP:
        name, start = _AMP[node.tag]
        value = (node.get(name) or "").strip()
        return start + value if value else ""
    if node.tag == "script":
        post = node.get("data-telegram-post") or ""
        return f"https://t.me/{post}" if re.fullmatch(r"\w{3,40}/\d{1,12}", post, re.ASCII) else ""
    for name, attribute in _BY_CLASS.items():
        if name in classes(node):
            return node.get(attribute) or next((each.get("href") or "" for each in node.iter("a")), "")
    if node.tag not in TAGS:
        return ""
    for each in (node, *node.iter("source", "embed")):
        for name in _LAZY:
            value = (each.get(name) or "").strip()
            if value and not value.startswith(("about:", "data:", "blob:")):
                return value
    return ""


def _is_hidden(node: HtmlElement) -> bool:
    sizes = (node.get("width"), node.get("height"))
    return node.tag == "iframe" and any(size and re.fullmatch(r"\s*[0-3](?:px)?\s*", size) for size in sizes)


def address_alone(node: HtmlElement) -> Player | None:
    """What plays at an address that is all of a paragraph, as WordPress turns it into a player by itself (oEmbed).

    Args:
        node: A paragraph.
    """
    first = node.text or (node[0].text if len(node) == 1 and node[0].tag == "a" else "") or ""
    if len(node) > 1 or not first.strip().startswith("http"):
        return None
    words = node.text_content().strip()
    return player_at(words) if re.fullmatch(r"https?://[^\s<>\"]{1,500}", words) else None


def player_around(node: HtmlElement, base: str) -> str:
    """Address of a player that a picture leads to; empty when it leads elsewhere.

    Args:
        node: The picture.
        base: Address that links are relative to; may be empty.
    """
    around = next(node.iterancestors("a"), None)
    target = absolute(base, around.get("href") or "") if around is not None else ""
    return target if target and player_at(target) else ""
