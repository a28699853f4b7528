"""Pages that are no article, twenty of each kind in five skins, beside articles that look like them."""

from __future__ import annotations

import time
from itertools import product
from urllib.parse import quote

import pytest
from test_sources_page import NOW, OTHERS, TEASERS

from newsletter.sources import page
from newsletter.sources.clean.markup import tree
from newsletter.sources.documents import NoArticleError
from newsletter.sources.page import metadata
from newsletter.sources.page.shape import no_article

SITE = "صحيفة الواحة"
HOME = "https://example.org/"
HEADLINES = [*OTHERS, "المتحف الصغير يفتح قاعة جديدة للزوار", "ورشة لتعليم صناعة السلال من سعف النخيل", "سباق القوارب"]
HEADLINES += ["عشرون متطوعًا يزرعون ألف شجرة على ضفة الوادي", "طلاب القرية يصنعون محطة صغيرة لرصد الطقس"]
PARAGRAPHS = [
    "افتتح متحف القرية الصغير قاعة جديدة جمع فيها الأهالي أدوات الزراعة القديمة التي ورثوها عن أجدادهم، وعلقوا إلى "
    "جانب كل أداة ورقة كتب عليها تلاميذ المدرسة اسمها وما كانت تستعمل له في الحقل.",
    "وقالت أمينة المتحف إن الفكرة بدأت حين أحضر أحد المزارعين محراثًا خشبيًا ليصلحه، فتجمع الجيران حوله يحكون عن "
    "مواسم الحصاد، ثم صار كل واحد منهم يأتي بما عنده حتى ضاق المكان بما فيه.",
    "ويستقبل المتحف زواره كل يوم عدا الثلاثاء، والدخول مجاني للأطفال وطلاب المدارس طوال شهر ديسمبر المقبل.",
]


def links(count: int = 8) -> list[str]:
    return [f"<a href='/news/{number}'>{HEADLINES[number % len(HEADLINES)]} {number}</a>" for number in range(count)]


def cards() -> str:
    return "".join(
        f"<div class=card><h3>{link}</h3><img src=/p.jpg><p>{TEASERS[number % 3]}</p></div>"
        for number, link in enumerate(links())
    )


def rows() -> str:
    return "<ul>" + "".join(f"<li><span class=date>20/11/2026</span> {link}</li>" for link in links(12)) + "</ul>"


def posts() -> str:
    return "".join(
        f"<article class='post type-post'><h2 class=entry-title>{link}</h2><div class=entry-summary>"
        f"<p>{TEASERS[number % 3]} <a href='/news/{number}'>اقرأ المزيد</a></p></div></article>"
        for number, link in enumerate(links())
    )


def table() -> str:
    return "<table>" + "".join(f"<tr><td>{link}<br>{TEASERS[0][:80]}</td></tr>" for link in links(9)) + "</table>"


def titled() -> str:
    return "".join(
        f"<a class=item href='/n/{n}'><h4>{HEADLINES[n % 8]} {n}</h4><span>٢٠ نوفمبر</span></a>" for n in range(9)
    )


SKINS = [cards, rows, posts, table, titled]


def document(title: str, main: str, *, h1: str | None = None, head: str = "", body: str = "") -> str:
    menu = "".join(f"<li><a href='/s/{name}'>{name}</a></li>" for name in ("محليات", "ثقافة", "رياضة", "اقتصاد"))
    shown = f"<h1>{h1 if h1 is not None else title}</h1>" if h1 != "" else ""
    return (
        f"<!doctype html><html dir=rtl><head><meta charset=utf-8><title>{title} - {SITE}</title>{head}"
        f"<meta property='og:site_name' content='{SITE}'></head><body class='{body}'><nav><ul>{menu}</ul></nav>"
        f"<main>{shown}{main}</main><footer><p>جميع الحقوق محفوظة للصحيفة</p></footer></body></html>"
    )


def refused(text: str, where: str) -> str:
    with pytest.raises(NoArticleError) as caught:
        page.parse(text.encode(), where, now=NOW)
    assert "\n" not in str(caught.value)
    assert caught.value.mend
    return caught.value.what


ARCHIVES = [
    ("tag/x", "وسم: متاحف", "this is the archive of a tag, not an article"),
    ("وسم/متاحف/", "متاحف", "this is the archive of a tag, not an article"),
    ("category/culture/page/3/", "ثقافة", "this is the archive of a section, not an article"),
    ("author/salma/", "سلمى الراوي", "this is the archive of an author, not an article"),
    ("كاتب/12", "مقالات الكاتب سلمى الراوي", "this is the archive of an author, not an article"),
    ("2026/11/", "نوفمبر 2026", "this is the archive of a day, a month or a year, not an article"),
    ("2026/11/20", "20 نوفمبر 2026", "this is the archive of a day, a month or a year, not an article"),
]


@pytest.mark.parametrize(("skin", "archive"), list(product(SKINS, ARCHIVES)))
def test_archive_pages(skin: object, archive: tuple[str, str, str]) -> None:
    path, title, what = archive
    assert callable(skin)
    assert refused(document(title, skin()), HOME + quote(path)) == what


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("archive category category-culture category-4", "this is the archive of a section, not an article"),
        ("rtl archive tag tag-museum wp-custom-logo", "this is the archive of a tag, not an article"),
        ("archive author author-salma", "this is the archive of an author, not an article"),
        ("archive date", "this is the archive of a day, a month or a year, not an article"),
        ("archive tax-region term-4", "this is the archive of a group of articles, not an article"),
        ("search search-results", "these are the results of a search, not an article"),
        ("error404 rtl", "this is the page of an address that does not exist, not an article"),
        ("login no-js login-action-login wp-core-ui", "this is a page to log in, not an article"),
    ],
)
@pytest.mark.parametrize("skin", SKINS)
def test_what_wordpress_calls_its_pages_is_believed(body: str, what: str, skin: object) -> None:
    assert callable(skin)
    main = skin() + "".join(f"<p>{text}</p>" for text in PARAGRAPHS)  # a theme may show the whole of its first post
    assert refused(document("متاحف القرى الصغيرة وحدائقها", main, body=body), f"{HOME}x") == what


SEARCHES = [
    ("?s=متحف", "نتائج البحث عن: متحف"),
    ("search?q=متحف", "متحف"),
    ("بحث/متحف", "البحث"),
    ("find.aspx?keyword=x", "Search results for x"),
]


@pytest.mark.parametrize(("skin", "search"), list(product(SKINS, SEARCHES)))
def test_searches(skin: object, search: tuple[str, str]) -> None:
    assert callable(skin)
    where = HOME + quote(search[0], safe="?=/.")
    assert refused(document(search[1], skin()), where) == "these are the results of a search, not an article"


DOOR = "<form action=/in method=post><input name=u><input type=password name=p><button>دخول</button></form>"
DOORS = [
    ("login", "تسجيل الدخول"),
    ("user/login/", "حسابي"),
    ("account", "سجل الدخول إلى حسابك"),
    ("wp-login.php", "Log In"),
]


@pytest.mark.parametrize(
    "note", ["", "<p>نسيت كلمة السر؟ أدخل بريدك لتصلك رسالة بها رابط لتغييرها خلال دقائق قليلة.</p>"]
)
@pytest.mark.parametrize("skin", [str, rows])
@pytest.mark.parametrize(("path", "title"), [*DOORS, ("signin.aspx", "دخول الأعضاء")])
def test_doors(path: str, title: str, note: str, skin: object) -> None:
    assert callable(skin)
    assert refused(document(title, DOOR + note + skin()), HOME + path) == "this is a page to log in, not an article"


MISSING = ["الصفحة غير موجودة", "404 - الصفحة المطلوبة غير موجودة", "Page not found", "عذرًا، لم يتم العثور على الصفحة"]
MISSING += [
    "صفحه مورد نظر یافت نشد",
    "خطأ 404",
    "المقال غير موجود",
    "Error 404",
    "הדף לא נמצא",
    "تعذر العثور على الصفحة!",
]


@pytest.mark.parametrize("title", MISSING)
@pytest.mark.parametrize("is_shown", [True, False])
def test_soft_errors(title: str, is_shown: bool) -> None:
    text = "<p>ربما نقلت الصفحة التي تبحث عنها. عد إلى الصفحة الرئيسية أو ابحث عما تريد في المربع أعلاه.</p>"
    what = "this is the page of an address that does not exist, not an article"
    if is_shown:
        assert refused(document(title, text + rows()), f"{HOME}n/5") == what
    else:  # the title is that of the site, as where a program makes the page
        html = document(SITE, f"<h2>{title}</h2>{text}", h1="").replace(f"{SITE} - {SITE}", SITE)
        assert refused(html, f"{HOME}n/5") == what


SECTIONS = ["رياضة", "أخبار محلية", "ثقافة وفنون", "الأخبار"]


@pytest.mark.parametrize(("skin", "name"), list(product(SKINS, SECTIONS)))
def test_homes_of_sections_and_lists_of_links(skin: object, name: str) -> None:
    assert callable(skin)
    text = document(name, skin())
    assert refused(text, f"{HOME}sport") == "this is a page that only lists articles, not an article"
    assert refused(text, "saved/sport.html") == "this is a page that only lists articles, not an article"


WALLS = [
    "نستخدم ملفات تعريف الارتباط لتحسين تجربتك في موقعنا، وبالضغط على زر الموافقة فإنك تقبلها.",
    "اشترك الآن للاستمرار في القراءة والحصول على حق الوصول إلى الأرشيف الكامل، أو سجل الدخول إن كنت مشتركًا.",
    "We use cookies and other data to deliver our services. Please accept all of them to continue.",
    "هذا المحتوى متاح للمشتركين فقط. لقراءة هذا المقال وغيره اختر الاشتراك الذي يناسبك من القائمة.",
    "Please enable JavaScript in your browser to go on reading. This site does not work without it.",
]


@pytest.mark.parametrize("wall", WALLS)
@pytest.mark.parametrize(
    "frame", ["<div class=entry-content><p>{}</p></div>", "<p>{}</p>", "<section><p>{}</p></section>", "<div>{}</div>"]
)
def test_walls(wall: str, frame: str) -> None:
    text = document("المتحف الصغير يفتح قاعة جديدة للزوار", frame.format(wall))
    assert (
        refused(text, f"{HOME}n/7")
        == "only a wall is shown in place of the article, not an article".partition(", not")[0]
    )


# Articles that look like them


TITLES = [
    "خطأ 404: قصة الصفحة التي لم يجدها أحد في أرشيف القرية",
    "البحث عن بئر قديمة في أطراف الواحة ينتهي بمفاجأة",
    "تسجيل الدخول إلى الجامعة يبدأ الأحد في كل فروعها",
    "أرشيف المدينة يفتح أبوابه أمام الباحثين والهواة",
    "الكاتب الشاب يروي حكاية الجسر الذي بناه جده وحده",
    "ملفات تعريف الارتباط: ما هي وكيف نحذفها من المتصفح",
    "قسم الأطفال في المستشفى يستقبل مكتبة متنقلة جديدة",
    "الصفحة غير موجودة: حكايات عن كتب ضاعت صفحاتها",
    "سباق القوارب",
    "وسم على الخشب",
]
PATHS = [
    "category/culture/museum-opens",
    "tag/story",
    "2026/11/20/",
    "search/results/7",
    "author/salma/note",
    "n/5",
    "login-news",
]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("path", PATHS)
def test_articles_are_never_refused_for_a_sign_alone(title: str, path: str) -> None:
    text = "".join(f"<p>{each}</p>" for each in PARAGRAPHS)
    related = f"<div class=related><h3>اقرأ أيضًا</h3>{cards()}</div>"
    html = document(title, f"<div class=story>{text}</div>{related}{DOOR}")
    article = page.parse(html.encode(), HOME + path, now=NOW)
    assert article.title == title
    assert "متحف القرية" in article.body


@pytest.mark.parametrize(
    "head", ["<meta property=article:published_time content=2026-11-20T09:00:00Z>", "json", "single"]
)
@pytest.mark.parametrize("title", TITLES[:4])
def test_a_short_article_among_many_links_is_one_when_it_says_so(title: str, head: str) -> None:
    if head == "json":
        head = f'<script type="application/ld+json">{{"@type":"NewsArticle","headline":"{title}"}}</script>'
    body = "post-template-default single single-post postid-7" if head == "single" else ""
    html = document(title, f"<p>{PARAGRAPHS[2]}</p>{cards()}", head="" if body else head, body=body)
    assert page.parse(html.encode(), f"{HOME}tag/7/", now=NOW).title == title


def test_a_flash_of_two_words_among_many_links_is_an_article_where_its_body_is_named() -> None:
    html = document("سباق القوارب", f"<div class=article-body><p>{PARAGRAPHS[2]}</p></div>{cards()}{rows()}")
    assert page.parse(html.encode(), f"{HOME}sport/7", now=NOW).title == "سباق القوارب"


@pytest.mark.parametrize(
    "path",
    ["category/culture/museum-of-the-village-opens", "section/museum-of-the-village-opens", "read?id=7&q=x", "n/7"],
)
@pytest.mark.parametrize("skin", SKINS)
def test_a_flash_without_a_sign_of_its_own_is_an_article_by_its_headline(path: str, skin: object) -> None:
    assert callable(skin)
    html = document("متحف القرية يفتح قاعة جديدة للزوار", f"<p>{PARAGRAPHS[2]}</p><h3>آخر الأخبار</h3>{skin()}")
    assert page.parse(html.encode(), HOME + path, now=NOW).title == "متحف القرية يفتح قاعة جديدة للزوار"


@pytest.mark.parametrize("title", ["Gold not found", "خط 404", "رحلة 404 تصل", "حسابي مع الأيام", "Error of judgement"])
def test_a_short_headline_with_such_words_is_a_headline(title: str) -> None:
    text = "".join(f"<p>{each}</p>" for each in PARAGRAPHS)
    assert page.parse(document(title, f"{text}{cards()}").encode(), f"{HOME}n/1", now=NOW).title == title


@pytest.mark.slow
@pytest.mark.parametrize(
    "main",
    [
        f"<div>{'<span>' + PARAGRAPHS[0][:60] + '</span>'}</div>" * 9000,
        "<div>" + f"<span>{PARAGRAPHS[0][:60]}</span>" * 19_000 + "</div>",
        "<p>" + "<a href=/x>رابط طويل بما يكفي ليكون عنوانًا</a>" * 19_000 + "</p>",
        "<div class=entry-content>" * 250 + PARAGRAPHS[0] + "<a href=/x>رابط طويل بما يكفي ليكون عنوانًا</a>" * 9000,
        "<div class=entry-content><a href=/1>رابط طويل بما يكفي ليكون عنوانًا</a></div>" * 9000,
        "<div>" * 250 + f"<p>{PARAGRAPHS[0]}</p>" * 15_000,
    ],
    ids=["divs", "spans", "links", "bodies in bodies", "bodies", "deep"],
)
def test_hostile_shapes_end_soon(main: str) -> None:
    root = tree(document("رياضة", "".join(links(9)) + main))
    assert root is not None
    began = time.thread_time()
    no_article(root, metadata.claims(root, HOME + "sport"), HOME + "sport")
    assert time.thread_time() - began < 4


def test_an_article_about_walls_is_no_wall() -> None:
    text = "".join(f"<p>{each}</p>" for each in (WALLS[0], *PARAGRAPHS))
    assert page.parse(document(TITLES[5], text).encode(), f"{HOME}n/1", now=NOW).title == TITLES[5]


@pytest.mark.parametrize(
    ("head", "mend"),
    [
        ("", "give the site's front page https://example.org/, or the addresses of its articles"),
        (
            "<link rel=alternate type=application/rss+xml href=/rss>",
            "give the feed it names, https://example.org/rss, or",
        ),
        (
            "<link rel=alternate type=application/rss+xml href=/tag/x/feed/>"
            "<link rel=alternate type=application/rss+xml href=/comments/feed/>",
            "give its feed https://example.org/tag/x/feed/, or the site's front page https://example.org/",
        ),
        (
            "<link rel='https://api.w.org/' href=/wp-json/><link rel=alternate type=application/rss+xml href=/feed/>",
            "give its feed https://example.org/tag/x/feed/, or the site's front page https://example.org/",
        ),
    ],
)
def test_what_to_give_instead_is_said(head: str, mend: str) -> None:
    with pytest.raises(NoArticleError) as caught:
        page.parse(document("وسم: متاحف", cards(), head=head).encode(), f"{HOME}tag/x/", now=NOW)
    assert caught.value.mend.startswith(mend)
