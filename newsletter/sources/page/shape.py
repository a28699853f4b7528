"""What a page is when it is no article: an error, an archive page, a search, a door, a wall, a list of links.

Refused only on what the page says of itself (the classes that WordPress gives the body, its types in JSON-LD), or on
two signs of different sorts: an address that looks like an archive page alone may be an article's. A page that states
its own moment of publication, or a headline in JSON-LD that it also shows, is an article whatever its address is.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from newsletter.sources.clean.markup import classes, text_of
from newsletter.sources.documents import NoArticleError
from newsletter.sources.links import absolute, is_web
from newsletter.sources.page.headline import without_site
from newsletter.sources.page.outline import is_body
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

    from newsletter.sources.page.metadata import PageClaims


def _phrases(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(arabic_fold(phrase)) for phrase in sorted(phrases, key=len, reverse=True)))


MISSING = "this is the page of an address that does not exist"
"""What is said of an error that a site sends as if it were an answer (200)."""
_NOT_FOUND = _phrases(
    *("الصفحة غير موجودة", "صفحة غير موجودة", "الصفحة المطلوبة غير موجودة", "الصفحة التي تبحث عنها غير موجودة"),
    *("لم يتم العثور على الصفحة", "تعذر العثور على الصفحة", "الصفحة غير متوفرة", "هذه الصفحة غير متاحة", "خطأ 404"),
    *("المقال غير موجود", "الخبر غير موجود", "المحتوى غير موجود", "لم نعثر على الصفحة", "الرابط غير صحيح"),
    *("تم حذف هذا الخبر", "تم حذف هذه الصفحة", "لا يوجد شيء هنا", "لم يتم العثور على شيء", "لم يعثر على الصفحة"),
    *("page not found", "404 not found", "error 404", "page introuvable"),
    *(
        "page doesn't exist",
        "page does not exist",
        "page cannot be found",
        "page can't be found",
        "page could not be found",
    ),
    *("صفحه مورد نظر یافت نشد", "صفحه مورد نظر پیدا نشد", "صفحه یافت نشد", "הדף לא נמצא", "העמוד לא נמצא"),
)
_NOTHING = frozenset({"404", "not found", "nothing found", "خطا", "error"})
"""As the whole of a title: a headline may end with them."""
_SEARCH = _phrases(
    *("نتائج البحث", "نتيجة البحث", "نتائج بحث", "البحث عن", "بحث عن", "search results", "you searched for"),
    *("search for", "résultats de recherche", "résultats pour", "نتایج جستجو", "جستجو برای", "תוצאות חיפוש"),
)
_DOOR = _phrases(
    *("تسجيل الدخول", "تسجيل دخول", "سجل الدخول", "دخول الأعضاء", "دخول المشتركين", "إنشاء حساب", "حسابي"),
    *("log in", "login", "sign in", "sign up", "my account", "connexion", "se connecter", "ورود", "התחברות", "כניסה"),
)
_ARCHIVE = _phrases(
    *("أرشيف", "الأرشيف", "أرشيفات", "وسم", "الوسم", "تصنيف", "التصنيف", "قسم", "الكاتب", "مقالات الكاتب", "كل مقالات"),
    *("جميع المقالات", "مواضيع ذات وسم", "category", "tag", "author", "archive", "archives", "posts by", "catégorie"),
    *("étiquette", "auteur", "articles de", "آرشیو", "برچسب", "دسته", "نویسنده", "ארכיון", "תגית", "קטגוריה"),
)
_WALL = _phrases(
    *("ملفات تعريف الارتباط", "سياسة الكوكيز", "ملفات الكوكيز", "cookies", "الاشتراك لمواصلة القراءة", "كوكی"),
    *("اشترك الآن للاستمرار في القراءة", "اشترك لمواصلة القراءة", "اشترك لقراءة المزيد", "للمشتركين فقط"),
    *("هذا المحتوى متاح للمشتركين", "subscribe to continue reading", "subscribe to read", "for subscribers only"),
    *(
        "already a subscriber",
        "réservé aux abonnés",
        "enable javascript",
        "يرجى تفعيل جافا سكريبت",
        "تفعيل الجافا سكريبت",
    ),
    *("تعطيل مانع الإعلانات", "أوقف مانع الإعلانات", "disable your ad blocker", "ويژه مشتركان", "ویژه مشترکان"),
)
_ARCHIVE_PATHS = re.compile(
    r"/(?P<kind>tags?|label|topics?|category|categories|section|sections|author|authors|writer|writers|archives?"
    r"|وسم|وسوم|تصنيف|قسم|أقسام|كاتب|كتاب|الكاتب|أرشيف|الأرشيف)(?P<rest>(?:/[^/]+){0,3})/?$",
    re.IGNORECASE,
)
_KINDS = {
    "a tag": ("tag", "tags", "label", "topic", "topics", "وسم", "وسوم"),
    "an author": ("author", "authors", "writer", "writers", "كاتب", "كتاب", "الكاتب"),
    "a section": ("category", "categories", "section", "sections", "تصنيف", "قسم", "أقسام"),
}
_DATE_PATH = re.compile(r"/(?:19|20)\d\d(?:/\d\d?){0,2}/?$")
_PAGED_PATH = re.compile(r"/page/\d{1,4}/?$")
_SEARCH_PATH = re.compile(r"/(?:search|find|بحث|البحث|recherche)(?:/[^/]*|\.\w{2,5})?/?$", re.IGNORECASE)
_ROOTS = frozenset({"", "/", "/index.php", "/ar/", "/fa/", "/en/", "/fr/", "/he/"})
_SEARCH_NAMES = frozenset({"s", "q", "query", "search", "keyword", "keywords", "searchword"})
_DOOR_PATH = re.compile(
    r"/(?:wp-login\.php|(?:user/|account/|accounts/|members?/)?(?:log-?in|sign-?in|register|sign-?up|my-account)(?:\.\w{2,5})?/?$)",
    re.IGNORECASE,
)
_PAGE_TYPES = re.compile(r'"@type"\s*:\s*(?:\[[^\]]{0,80})?"(CollectionPage|SearchResultsPage|ProfilePage|ItemPage)"')
_LEAST_ITEMS = 5
"""Headlines that lead elsewhere; under an article there may be as many, so they are never enough by themselves."""
_MOST_LINKS = 2000
_LEAST_LINKED = 15
_LONGEST_TEASER = 350
"""Letters in one block of running text up to which it may be the teaser of another article."""
_SHORT_TITLE = 3
"""Words of the name of a section; a headline has more."""
_LITTLE = 600
"""Letters of a page that has no more to say than that something is missing."""
_PIECE = 40
_LEAST_BODY = 80
_WITHIN = frozenset({"p", "span", "b", "strong", "em", "i", "u", "font", "br", "blockquote", "center", "small"})
_NO_TEXT = frozenset({"script", "style", "noscript", "option", "textarea", "button", "template"})


def no_article(root: HtmlElement, stated: PageClaims, where: str) -> NoArticleError | None:
    """Find out that a page is something else than an article.

    Args:
        root: The whole page.
        stated: What it states of itself.
        where: Its address, or a path.

    Returns:
        The complaint, with what to give instead; None where nothing speaks against an article.
    """
    what = _what(root, stated, where)
    return NoArticleError(f"{what[0]}, not an article", where=where, mend=what[1]) if what else None


def is_wall(paragraphs: Iterable[str], description: str) -> bool:
    """Say whether the text that was found on a page is a wall before its article, and nothing else.

    Args:
        paragraphs: The body.
        description: What the page says of itself: with one, the article is worth having without its text.
    """
    texts = list(paragraphs)
    walls = [text for text in texts if _WALL.search(arabic_fold(text))]
    others = sum(map(len, texts)) - sum(map(len, walls))
    return (
        bool(walls)
        and others < _LONGEST_TEASER // 2
        and (not description or bool(_WALL.search(arabic_fold(description))))
    )


def _what(root: HtmlElement, stated: PageClaims, where: str) -> tuple[str, str] | None:
    """What a page is, with ``this is`` before it, and what to give in its place."""
    url = where if is_web(where) else stated.url if is_web(stated.url) else ""
    body = next(root.iter("body"), None)
    known_as = classes(body) if body is not None else frozenset()
    home = absolute(url, "/") if url else ""
    front = f"the site's front page {home}" if home else "the addresses of its articles"
    elsewhere = f"check the address, or give {front}" if home else "save the page of an article"
    if "error404" in known_as:
        return MISSING, elsewhere
    if "search" in known_as and known_as & {"search-results", "search-no-results"}:
        return "these are the results of a search", f"give {front}"
    if "login" in known_as and any(name.startswith("login-action") for name in known_as):
        return "this is a page to log in", f"give {front}"
    if "archive" in known_as and (kind := _archive_of(known_as)):
        return f"this is the archive of {kind}", _instead(root, url, front)
    if "single" in known_as or _states_an_article(root, stated):
        return None
    path = unquote(urlsplit(url).path) if url else ""
    query = parse_qsl(urlsplit(url).query) if url else []
    titles = _titles(root, stated)
    if _is_missing(root, titles):
        return MISSING, elsewhere
    has_password = any((each.get("type") or "").lower() == "password" for each in root.iter("input"))
    if has_password and (_DOOR_PATH.search(path) or any(_is_mostly(_DOOR, title) for title in titles)):
        return "this is a page to log in", f"give {front}"
    is_asked = any(name.lower() in _SEARCH_NAMES and value for name, value in query)
    is_search = bool(_SEARCH_PATH.search(path)) or (is_asked and path in _ROOTS)
    types = {each[1] for script in root.iter("script") for each in _PAGE_TYPES.finditer((script.text or "")[:200_000])}
    if "SearchResultsPage" in types or any(_begins(_SEARCH, title) for title in titles):
        is_list = is_search or is_asked or _is_list(root) or "SearchResultsPage" in types
        return ("these are the results of a search", f"give {front}") if is_list else None
    return _archive(root, stated, url, path, types, titles, front, is_search=is_search)


def _archive(
    root: HtmlElement,
    stated: PageClaims,
    url: str,
    path: str,
    types: set[str],
    titles: list[str],
    front: str,
    *,
    is_search: bool,
) -> tuple[str, str] | None:
    """An archive page, a search without a title, or the page of a section: never without the shape of a list."""
    if not _is_list(root):
        return None
    if is_search:
        return "these are the results of a search", f"give {front}"
    is_named = any(_begins(_ARCHIVE, title) for title in titles[:2])
    named = _ARCHIVE_PATHS.search(path)
    if named and (is_named or any(len(title.split()) <= _SHORT_TITLE for title in titles) or _is_name(named["rest"])):
        kind = next((name for name, words in _KINDS.items() if named["kind"].lower() in words), "")
        return f"this is the archive of {kind}" if kind else "this is an archive page", _instead(root, url, front)
    if _DATE_PATH.search(path):
        return "this is the archive of a day, a month or a year", _instead(root, url, front)
    og_type = next(iter(stated.metas.get("og:type", ())), "").lower()
    if og_type == "profile" or "ProfilePage" in types:
        return "this is the archive of an author", _instead(root, url, front)
    is_said = "CollectionPage" in types or bool(_PAGED_PATH.search(path))
    is_short = bool(titles) and all(len(title.split()) <= _SHORT_TITLE for title in titles)
    if is_said or is_named or is_short or not titles:
        return "this is a page that only lists articles", _instead(root, url, front)
    return None


def _is_name(rest: str) -> bool:
    """Whether what follows in an address is the name of a tag, a section or an author, and not that of an article."""
    parts = [part for part in rest.split("/") if part]
    return len(parts) <= 1 and all(len(re.findall(r"[-_ ]", part)) < _SHORT_TITLE for part in parts)


def _archive_of(known_as: frozenset[str]) -> str:
    kinds = {"category": "a section", "tag": "a tag", "author": "an author", "date": "a day, a month or a year"}
    found = next((kind for name, kind in kinds.items() if name in known_as), "")
    is_other = any(name.startswith(("tax-", "post-type-archive")) for name in known_as)
    return found or ("a group of articles" if is_other else "")


def _states_an_article(root: HtmlElement, stated: PageClaims) -> bool:
    """Whether a page says that it is one article: its moment of publication, or a headline that it shows as well."""
    if stated.metas.get("article:published_time"):
        return True
    headline = arabic_fold(stated.linked.text("headline"))
    if not headline:
        return False
    shown = [stated.page_title, *stated.metas.get("og:title", ()), *map(text_of, list(root.iter("h1"))[:3])]
    return any(
        headline in folded or (len(folded) >= _LEAST_LINKED and folded in headline)
        for folded in map(arabic_fold, shown)
    )


def _titles(root: HtmlElement, stated: PageClaims) -> list[str]:
    """What the page calls itself, without the site's name, folded: its title, then its first headings."""
    shown = [text_of(each) for each in list(root.iter("h1"))[:3]]
    named = [stated.page_title, *stated.metas.get("og:title", ())[:1], *shown]
    folded = (arabic_fold(without_site(text, stated.site)) for text in named if text)
    return [text for text in dict.fromkeys(folded) if text and text not in stated.site]


def _is_missing(root: HtmlElement, titles: list[str]) -> bool:
    """Whether a page says that there is nothing at its address, as its title or as nearly all of its words."""
    if any(title in _NOTHING or _is_mostly(_NOT_FOUND, title) for title in titles):
        return True
    heads = [arabic_fold(text_of(each)) for each in list(root.iter("h1", "h2", "h3"))[:6]]
    return any(_is_mostly(_NOT_FOUND, text) for text in heads) and sum(_blocks(root).values()) < _LITTLE


def _is_mostly(pattern: re.Pattern[str], text: str) -> bool:
    """Whether these words are half of a text or more: a headline may speak of them."""
    said = sum(len(found[0]) for found in pattern.finditer(text))
    return len(text) < 90 and said > 0 and said * 2 >= len(text)


def _begins(pattern: re.Pattern[str], text: str) -> bool:
    found = pattern.match(text)
    return found is not None and not text[found.end() :][:1].isalpha()


def _is_list(root: HtmlElement) -> bool:
    """Whether a page has many headlines that lead elsewhere, and no running text longer than a teaser."""
    sentences: dict[HtmlElement, int] = {}
    linked: set[str] = set()
    for link in itertools.islice(root.iter("a"), _MOST_LINKS):
        text = text_of(link)
        if len(text) < _LEAST_LINKED or (link.get("href") or "").startswith("#"):
            continue
        around = link.getparent()
        if around is not None and around.tag in ("p", "span", "blockquote"):  # it may stand within a sentence
            if around not in sentences:
                sentences[around] = len(text_of(around))
            if sentences[around] > 2 * len(text):
                continue
        linked.add(text)
    if len(linked) < _LEAST_ITEMS or _has_one_body(root):
        return False
    return max(_blocks(root).values(), default=0) <= _LONGEST_TEASER


def _has_one_body(root: HtmlElement) -> bool:
    """Whether one element is by its name the body of an article, and holds words: a list has several, or none."""
    bodies = {each for each in root.iter("div", "section", "article", "td") if is_body(each)}
    outer = [each for each in bodies if not any(other in bodies for other in each.iterancestors())]
    if len(outer) != 1 or next(outer[0].iter("h2", "h3", "h4"), None) is not None:
        return False
    linked = sum(len(text_of(link)) for link in outer[0].iter("a"))
    return len(text_of(outer[0])) - linked >= _LEAST_BODY


def _blocks(root: HtmlElement) -> dict[HtmlElement, int]:
    """Letters of running text outside links, by the block that they stand in together."""
    marks = root.iter("a", "h1", "h2", "h3", "h4", "img")
    framed = {ancestor for mark in marks for ancestor in (mark, *mark.iterancestors())}
    blocks: dict[HtmlElement, int] = {}
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        own = len((element.text or "").strip())
        if own >= _PIECE and element.tag not in _NO_TEXT and not _is_linked(element):
            holder = _block(element, framed)
            blocks[holder] = blocks.get(holder, 0) + own
        tail = len((element.tail or "").strip())
        parent = element.getparent()
        if tail >= _PIECE and parent is not None and parent.tag not in _NO_TEXT and not _is_linked(parent):
            holder = _block(parent, framed)
            blocks[holder] = blocks.get(holder, 0) + tail
    return blocks


def _is_linked(element: HtmlElement) -> bool:
    return element.tag == "a" or next(element.iterancestors("a"), None) is not None


def _block(element: HtmlElement, framed: set[HtmlElement]) -> HtmlElement:
    """The element that holds a piece of text together with its neighbours: that of the paragraph, not the paragraph.

    Args:
        element: What the text stands in.
        framed: All elements that hold a link, a heading or a picture.
    """
    while (parent := element.getparent()) is not None and parent.tag not in ("body", "html"):
        if element.tag not in _WITHIN and not (element.tag == "div" and element not in framed):
            break
        element = parent
    return element


def _instead(root: HtmlElement, url: str, front: str) -> str:
    """What to give in place of an archive page: the feed that it names, its own before the site's."""
    feeds = [
        address
        for link in root.iter("link")
        if (link.get("type") or "").lower() in ("application/rss+xml", "application/atom+xml")
        and (address := absolute(url, link.get("href") or ""))
        and "/comments/" not in address
    ]
    below = [each for each in feeds if url and each.startswith(url.partition("?")[0].rstrip("/") + "/")]
    if not below and url and not urlsplit(url).query and _is_wordpress(root):
        below = [f"{url.rstrip('/')}/feed/"]
    if below:
        return f"give its feed {below[0]}, or {front}"
    return (
        f"give the feed it names, {feeds[0]}, or {front}"
        if feeds
        else f"give {front}, or the addresses of its articles"
    )


def _is_wordpress(root: HtmlElement) -> bool:
    """Whether a page names the interface that only WordPress has; every archive page of it has a feed of its own."""
    return any((link.get("rel") or "") == "https://api.w.org/" for link in root.iter("link"))
