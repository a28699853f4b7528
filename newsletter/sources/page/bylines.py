"""Names of authors that a page shows to its readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.sources import when
from newsletter.sources.clean.markup import text_of
from newsletter.sources.page.dates import after_first, named_parts, under
from newsletter.sources.page.outline import names
from newsletter.text.tidy import arabic_fold

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_AUTHOR_CLASSES = re.compile(
    r"^(?:(?:entry|post|article|single|story|news|meta|td-post)[-_]{1,2})?(?:author|byline|writer|authors)"
    r"(?:[-_]{1,2}(?:name|link|title))?$|^(?:author|writer|byline)(?:name|link)$|^by-author$|^fn$|^posted-by$"
)
_BYLINE = re.compile(
    r"^\s*(?:كتبت?|كتبه|كتبها|بقلم|بواسطة|حاورها|حاوره|حوار|تحرير|إعداد|اعداد|الكاتبة?|نویسنده|به قلم)"
    r"(?:\s*[:：/]\s*|\s+)(?P<name>\S.{2,60})$"
)
_NO_NAME = re.compile(r"\s[|•·–—-]\s|\s*[|•·]\s*|\d|[؟?!.،]\s|[؟?!.]$")
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|writers?|columnists?|contributors?|reporters?|journalists?|byline|كاتب|كتاب|الكتاب|محرر)(?:/|=|\.)"
    r"|[?&]author(?:_name)?=",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_]+(?:[ \u2019'.-]+[^\W\d_]+){1,3}")
_SECTIONS = re.compile(
    r"\b(?:[اأ]خبار|خبر|تقارير|تقرير|مقالات?|مقال|ر[اأ]ي|آراء|سياسة|اقتصاد|رياضة|ثقافة|محليات|منوعات|تحقيقات?|تحقيق|ملفات?"
    r"|حوادث|صحة|علوم|تكنولوجيا|فنون?|العالم|عربي|دولي|شؤون|قضايا|حوارات?|حوار|كتب|نسخة|طباعة|مشاركة|اخبار|سیاسی|اقتصادی|فرهنگی"
    r"|ورزشی|اجتماعی|news|sports?|opinion|share|print)\b",
    re.IGNORECASE,
)
_LINES = (
    *("p", "span", "div", "h3", "h4", "h5", "h6", "strong", "li", "b", "em", "i", "small", "td", "font", "address"),
    "cite",
)
_MOST_BESIDE = 120


def shown_bylines(root: HtmlElement, headline: HtmlElement | None, section: str, now: datetime) -> Iterator[str]:
    """Texts that may name the author, the likeliest first.

    First what is marked as an author, then what follows "by", then a link to a writer's page near the headline, then
    a small heading under the headline that reads like a name and has a date beside it.

    Args:
        root: The page without the parts that are not the article's.
        headline: The element that shows the headline, if one does.
        section: The article's section, which is no name; may be empty.
        now: The present moment, to know a date.
    """
    for element in after_first(named_parts(root), headline):
        relation = (element.get("rel") or "").lower().split()
        is_marked = "author" in (element.get("itemprop") or "").lower().split() or "author" in relation
        if is_marked or any(map(_AUTHOR_CLASSES.match, names(element))):
            yield _NO_NAME.split(text_of(element))[0]
    for element in after_first(root.iter(*_LINES), headline):
        if len(element) <= 2 and (match := _BYLINE.match(text_of(element)[:80])):
            name = _NO_NAME.split(match["name"])[0].strip()
            if len(name.split()) <= 5 and name == match["name"].strip(" :/"):
                yield name
    if headline is None:
        return
    near = list(under(root, headline))
    for element in near:
        if element.tag == "a" and _AUTHOR_PAGE.search(element.get("href") or ""):
            yield _NO_NAME.split(text_of(element))[0]
    for element in near:
        if element.tag in ("h4", "h5", "h6") and _is_name(element, section) and _has_date_beside(element, now):
            yield text_of(element)


def _is_name(element: HtmlElement, section: str) -> bool:
    text = text_of(element)
    return (
        bool(_NAME.fullmatch(text))
        and not _SECTIONS.search(text)
        and arabic_fold(text) != arabic_fold(section)
        and next(element.iter("a"), None) is None
    )


def _has_date_beside(element: HtmlElement, now: datetime) -> bool:
    beside = [each for each in (element.getnext(), element.getprevious()) if each is not None]
    texts = [
        text for each in beside if isinstance(each.tag, str) for text in (each.get("datetime") or "", text_of(each))
    ]
    return any(len(text) <= _MOST_BESIDE and when.read(text, now=now) for text in texts)
