"""Words that publishing systems add around an article: bylines, excerpts, sharing, subscribing."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from newsletter.text.tidy import arabic_fold, tidy

# From Jetpack's Arabic and English translation files: the sentences under its "Discover more" heading.
_SUBSCRIBE = (
    "اشترك للحصول على أحدث التدوينات المرسلة إلى بريدك الإلكتروني",
    "اشترك الآن للاستمرار في القراءة والحصول على حق الوصول إلى الأرشيف الكامل",
    "اشترك للوصول إلى الجزء المتبقي من هذه التدوينة ومحتوى آخر للمشتركين فقط",
    "الاشتراك لمواصلة القراءة",
    "اشترك بالنشرة البريدية للموقع",
    "أدخل بريدك الإلكتروني للإشتراك في هذا الموقع لتستقبل أحدث المواضيع من خلال البريد الإلكتروني",
    "Subscribe to get the latest posts sent to your email",
    "Subscribe now to keep reading and get access to the full archive",
    "Subscribe to get access to the rest of this post and other subscriber-only content",
    "Subscribe to continue reading",
)
_SUBSCRIBE_FOLDED = frozenset(map(arabic_fold, _SUBSCRIBE))
_DISCOVER = re.compile(r"^(?:(?:اكتشاف|إكتشاف|اكتشف) المزيد من|Discover more from)\s+(?P<site>.+?)\s*$")
_WITHIN_LINES = 3

_BY = re.compile(
    r"^(?:كتبت?|بقلم|(?:مرسلة |نشر )?بواسطة|نشره|تحرير|إعداد|اعداد|حاورها|حاوره|الكاتبة?|المؤلفة?"
    r"|المحررة?(?=\s*[:：/|–-])|written by|posted by|by|par)"
    r"(?:\s*[:：/|–-]+\s*|\s+)(?=\S)",
    re.IGNORECASE,
)
_SLUG = re.compile(r"^(?:@[\w.]+|[a-z0-9_.+-]+)$", re.ASCII)
_WEB = re.compile(r"https?:|www\.|//|\.(?:com|net|org|info|dz|tn|ma|eg|sa|ae|jo|iq)\b", re.IGNORECASE)
# RFC 5322 section 3.4.1 for the local part, RFC 1123 for the domain: of ASCII, so that no name after it is taken too.
_MAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z][A-Za-z0-9-]{1,62}")
_COMMENTED = re.compile(rf"\s*(?:mailto:)?{_MAIL.pattern}\s*\((?P<name>.+)\)\s*")
_MAKER = re.compile(
    r"\b(?:developed|designed|powered|created|maintained|built|hosted|coded)\s+(?:and\s+\w+\s+)?by\b"
    r"|^\W*(?:تصميم|تطوير|برمجة|استضافة|طراحی|پشتیبانی)\b",
    re.IGNORECASE,
)
"""Who made the site or its theme is not who wrote the article."""
_NOBODY = frozenset(
    map(
        arabic_fold,
        (
            *(
                "admin",
                "administrator",
                "administrateur",
                "editor",
                "the editor",
                "webmaster",
                "super user",
                "superuser",
            ),
            *("root", "user", "guest", "anonymous", "unknown", "none", "null", "undefined", "wordpress", "author"),
            *(
                "المدير",
                "مدير",
                "مدير الموقع",
                "المشرف",
                "أدمن",
                "الأدمن",
                "المحرر",
                "محرر",
                "الكاتب",
                "كاتب",
                "المؤلف",
            ),
            *(
                "الإدارة",
                "إدارة الموقع",
                "مجهول",
                "زائر",
                "مدیر",
                "مدیر سایت",
                "ادمین",
                "نویسنده",
                "كاتب",
                "المؤلف",
                "superuser",
            ),
        ),
    )
)
_LONGEST_NAME = 100
_LONGEST_BYLINE = 1000
_LONGEST_LINE = 200
_LONGEST_EXCERPT = 5000

_NO_SECTION = frozenset(
    map(
        arabic_fold,
        (
            *("غير مصنف", "بدون تصنيف", "uncategorized", "non classé", "featured", "مميز", "سلايدر", "slider"),
            *("الرئيسية", "home", "accueil"),
        ),
    )
)

_CUT_SHORT = re.compile(r"(?:\s*(?:\[\s*(?:…|\.{3}|&hellip;)\s*\]|\((?:more|المزيد)\s*…?\)|…|\.{3}))+\s*$")
_READ_MORE = re.compile(
    r"\s*(?:(?:…|\.{3})\s*)?(?:تابع القراءة|تابع قراءة.*|اقرأ المزيد|إقرأ المزيد|قراءة المزيد|المزيد|"
    r"\(المزيد…\)|Continue reading.*|Read more|\(more…\))\s*[»←→.…]*\s*$",
    re.IGNORECASE,
)
_FIRST_ON = re.compile(
    r"\s*(?:(?:ظهرت? (?:المقالة?|المقال|التدوينة|الموضوع|الخبر)\b.{0,400}?\bأولاً?(?:\s+على|\s+في)\b.*)"
    r"|(?:The post\b.{0,400}?\b(?:appeared first on|first appeared on)\b.*)"
    r"|(?:L.article\b.{0,400}?\best apparu en premier sur\b.*))$",
    re.IGNORECASE,
)


_MARKS = re.compile("[\u064b-\u0652\u0640]")
_READ_ALSO = re.compile(
    r"^\W*(?:(?:و?[إا]قر[أا]|طالع|شاهد|تابع|انظر)(?:وا)?\s+(?:أيضا|ايضا|المزيد|كذلك)|مواضيع (?:ذات صلة|مشابهة|متعلقة)"
    r"|أخبار ذات صلة|مقالات ذات صلة|ذات صلة|اقرأ في هذا الموضوع|للمزيد من الأخبار|read also|read more|related|"
    r"[àa] lire aussi|lire aussi)\b",
    re.IGNORECASE,
)
# Orders to many only: "وتابع" and "وانضم" begin ordinary sentences of news.
_FOLLOW_US = re.compile(
    r"^\W*(?:ل?متابعة|لمزيد من الأخبار|للمزيد|تابعونا|تابعوا|انضموا|اشتركوا|حملوا|follow us|suivez-nous)\b"
    r".*\b(?:عبر|على|في|إلى|الى|on|sur)\s(?:\S+\s){0,4}(?:google|جوجل|غوغل|تطبيق|قناتنا|قنواتنا|واتس\s?اب|تل[يغ]\w*|تيل[يغ]\w*"
    r"|فيس\s?بوك|تويتر|يوتيوب|[اإ]نستغرام|نبض|منصة إكس|whatsapp|telegram|facebook|twitter|youtube|instagram)",
    re.IGNORECASE,
)
_RELATED_HEADINGS = frozenset(
    map(
        arabic_fold,
        (
            *("مواضيع ذات صلة", "أخبار ذات صلة", "مقالات ذات صلة", "ذات صلة", "موضوعات ذات صلة", "أخبار متعلقة"),
            *("مواضيع متعلقة", "موضوعات متعلقة", "مقالات مشابهة", "مواضيع مشابهة", "قد يعجبك أيضا", "قد يهمك أيضا"),
            *(
                "قد يهمك",
                "ربما يعجبك",
                "اقرأ أيضا",
                "إقرأ أيضا",
                "شاهد أيضا",
                "المزيد من الأخبار",
                "المزيد",
                "أخبار أخرى",
            ),
            *(
                "آخر الأخبار",
                "الأكثر قراءة",
                "الأكثر مشاهدة",
                "الأكثر تداولا",
                "أحدث الأخبار",
                "للكاتب نفسه",
                "مقالات للكاتب",
            ),
            *(
                "اخترنا لك",
                "اخترنا لكم",
                "مقالات أخرى",
                "أخبار قد تهمك",
                "التعليقات",
                "تعليقات الزوار",
                "أضف تعليقا",
                "اترك تعليقا",
            ),
            *(
                "مواضيع قد تهمك",
                "أخبار قد تهمك أيضا",
                "مقالات قد تهمك",
                "مواضيع أخرى",
                "مواضيع مختارة",
                "مقالات ذات علاقة",
                "آراء القراء",
                "مطالب مرتبط",
                "اخبار مرتبط",
                "related posts",
                "related articles",
                "related news",
                "you may also like",
                "read also",
                "à lire aussi",
                "comments",
            ),
        ),
    )
)
_SHARE = re.compile(
    r"^\W*(?:شارك(?:ها|ه|وا)?(?:\s+(?:هذا الموضوع|المقالة?|الخبر|على|مع أصدقائك))?|معجب بهذه|مرتبط"
    r"|تحميل\.{0,3}|جاري التحميل…?|(?:النقر|انقر|اضغط) (?:للمشاركة|لمشاركة|للطباعة|لإرسال).*"
    r"|share this|like this|related|loading\.{0,3}|"
    r"click to (?:share|print|email).*|\(فتح في نافذة جديدة\)|\(opens in new window\)|طباعة|نسخ الرابط)\s*[:：…]*\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CopiedFooter:
    """What stood under an article that was copied from a page with Jetpack's subscription block."""

    site: str
    """Name of the site, as the heading says it."""
    lines: tuple[str, ...]
    """The lines that are not the article's, in order."""


def cut_tail(lines: Sequence[str]) -> tuple[list[str], CopiedFooter | None]:
    """Cut a copied page at Jetpack's block that follows the article.

    The cut is made only where both of its lines are there: the heading "Discover more from SITE" and, within
    the next three lines, one of its subscription sentences; everything after belongs to the next article.

    Args:
        lines: Lines of the text.

    Returns:
        The article's own lines, and what was cut or None.
    """
    for number, line in enumerate(lines):
        heading = _DISCOVER.match(tidy(line))
        if not heading:
            continue
        following = lines[number + 1 : number + 1 + _WITHIN_LINES]
        if any(is_subscribe_sentence(each) for each in following):
            return list(lines[:number]), CopiedFooter(heading["site"], tuple(lines[number:]))
    return list(lines), None


def is_subscribe_sentence(line: str) -> bool:
    """Say whether a line is one of Jetpack's sentences that ask to subscribe.

    Args:
        line: One line.
    """
    return len(line) <= _LONGEST_LINE and arabic_fold(line) in _SUBSCRIBE_FOLDED


def is_read_also(line: str) -> bool:
    """Say whether a line leads to another article ("read also: …").

    Args:
        line: One line.
    """
    return bool(_READ_ALSO.match(_MARKS.sub("", tidy(line[:_LONGEST_LINE]))))


def is_related_heading(line: str) -> bool:
    """Say whether a line is the heading over a list of other articles, or over readers' comments.

    Args:
        line: One line.
    """
    return len(line) <= _LONGEST_NAME and arabic_fold(line) in _RELATED_HEADINGS


def is_follow_line(line: str) -> bool:
    """Say whether a line asks to follow the site elsewhere ("follow us on Google News").

    Args:
        line: One line.
    """
    return len(line) <= _LONGEST_LINE and bool(_FOLLOW_US.match(_MARKS.sub("", tidy(line))))


def is_share_line(line: str) -> bool:
    """Say whether a line is nothing but an invitation to share, print or wait.

    Args:
        line: One line.
    """
    return len(line) <= _LONGEST_LINE and bool(_SHARE.match(_MARKS.sub("", tidy(line))))


def is_discover_heading(line: str) -> bool:
    """Say whether a line is Jetpack's heading over its subscription block.

    Args:
        line: One line.
    """
    return bool(_DISCOVER.match(tidy(line)))


def author_name(text: str, not_these: Collection[str] = ()) -> str:
    """Make a person's or desk's name of what a site gives as author.

    "كتب", "بقلم" and the like before it go, and so does an address beside it (``editor@example.org (name)``, RFC 822);
    an address alone, a log-in name in lower-case ASCII, "admin", "المحرر", who developed the site and the publisher's
    own name give nothing.

    Args:
        text: Plain text.
        not_these: Names that are no authors: site and publisher.
    """
    name = tidy(text[:_LONGEST_BYLINE])
    if _MAKER.search(name):
        return ""
    mail = _COMMENTED.fullmatch(name)
    name = _MAIL.sub("", mail["name"] if mail else name)
    name = _BY.sub("", name.strip(" \t-–—|،,:/<>()«»"))
    name = name.strip(" \t-–—|،,:/<>«»")
    folded = arabic_fold(name)
    if not folded or len(name) > _LONGEST_NAME or _WEB.search(name) or _SLUG.match(name) or folded in _NOBODY:
        return ""
    return "" if folded in {arabic_fold(other) for other in not_these if other} else name


def section_name(names: Sequence[str]) -> str:
    """The first of a site's categories that says something to a reader.

    Args:
        names: Plain text, in the site's order.
    """
    for name in map(tidy, names):
        if name and arabic_fold(name) not in _NO_SECTION and len(name) <= _LONGEST_NAME:
            return name
    return ""


def excerpt(text: str) -> tuple[str, bool]:
    """Take the machinery off an excerpt: "read more", "[…]", "appeared first on".

    Args:
        text: Plain text.

    Returns:
        What the author wrote, and whether a machine had cut it short (it then ends in the middle).
    """
    text = _FIRST_ON.sub("", tidy(text[:_LONGEST_EXCERPT]))
    without = _READ_MORE.sub("", text)
    bare = _CUT_SHORT.sub("", without)
    return bare.strip(), bare != text


def without_first_on(body: str) -> str:
    """Drop the last paragraph of a body if all it says is where the article appeared first.

    Args:
        body: A body as clean makes it.
    """
    at = body.rfind("<p>")
    last = tidy(re.sub(r"<[^>]*>", "", body[at:])) if at >= 0 else ""
    return body[:at] if last and body.endswith("</p>") and not _FIRST_ON.sub("", last[:_LONGEST_EXCERPT]) else body
