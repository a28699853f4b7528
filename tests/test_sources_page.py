"""Web pages in the shapes that Arabic sites have: each in data/pages beside the article it must give."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import page
from newsletter.sources.clean import paragraphs
from newsletter.sources.clean.markup import tree
from newsletter.sources.page.headline import without_site
from newsletter.sources.page.linked import LinkedData
from newsletter.text.tidy import arabic_fold

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DATA = Path(__file__).parent / "data" / "pages"
CASES = sorted(DATA.glob("*.html"))
WHERE = "https://example.org/some/page"


def value(article: Article, name: str) -> object:
    if name == "paragraphs":
        return paragraphs(article.body)
    if name == "published":
        return article.published.isoformat() if article.published else None
    return getattr(article, name)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_reads(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))
    where = expected.pop("where", WHERE)
    article = page.parse(path.read_bytes(), where, now=NOW)
    assert {name: value(article, name) for name in expected} == expected
    assert article.source == where


def test_the_picture_over_an_article_is_found_without_a_statement() -> None:
    data = (DATA / "featured-picture.html").read_bytes()
    found = ("https://example.org/wp-content/uploads/%D9%85%D9%83%D8%AA%D8%A8%D8%A9.jpg", "حافلة ملونة محملة بالكتب")
    assert page.picture(data, "https://example.org/mobile-library/") == found
    # Of another page, every one of its pictures is that of another article.
    other = data.replace(b'rel="canonical"', b"")
    assert page.picture(other, "https://example.org/elsewhere/") == ("", "")
    # What a page states goes before what it shows.
    stated = data.replace(b"<title>", b'<meta property="og:image" content="https://example.org/og.jpg"><title>')
    assert page.picture(stated, "https://example.org/mobile-library/") == ("https://example.org/og.jpg", "")
    small = data.replace(b'width="1024"', b'width="150"')
    assert page.picture(small, "https://example.org/mobile-library/") == ("", "")


# Random layouts: one article inside the furniture of many kinds of sites.

TITLE = "القطار القديم يعود إلى السكة بعد غياب طويل"
BODY: list[str] = json.loads((DATA / "two-calendars.expected.json").read_text(encoding="utf-8"))["paragraphs"]
OTHERS = ["مهرجان التمور يستقبل زواره نهاية الشهر", "عشر نصائح لري الحدائق المنزلية", "نتائج مسابقة الخط للناشئين"]
TEASERS = [
    "تستعد المدينة لاستقبال زوار المهرجان السنوي الذي يشارك فيه مزارعون من ثلاث مناطق مجاورة هذا العام.",
    "نصائح بسيطة يقدمها خبراء الزراعة لأصحاب الحدائق الصغيرة مع اقتراب الصيف وارتفاع درجات الحرارة.",
    "أعلنت لجنة المسابقة أسماء الفائزين في حفل أقيم مساء السبت بحضور عدد كبير من الأهالي والخطاطين.",
]
BLOCKS = {
    "paragraphs": lambda body: "".join(f"<p>{text}</p>" for text in body),
    "spaced": lambda body: "".join(f"<p style='text-align:justify'>{text}<br></p><p>&nbsp;</p>" for text in body),
    "divs": lambda body: "".join(f"<div>{text}</div>" for text in body),
    "breaks": "<br />\n<br />".join,
    "spans": lambda body: "".join(f"<span>{text}</span><br><br>" for text in body),
    "styled": lambda body: "".join(f"<p><span style='font-size:14pt'>{text}</span></p>" for text in body),
}
NAMES = [
    *("entry-content", "article-body", "details", "content", "td-post-content", "news-text", "itemFullText", ""),
    *("elementor-widget-container", "main-text", "field-item even", "fullarticle"),
]
FRAMES = [
    "<div id=content>{}</div>",
    "<main>{}</main>",
    "<form id=form1 method=post><input type=hidden><div class=container>{}</div></form>",
    "<table><tr><td>{}</td></tr></table>",
    "<div class='widget Blog' id=Blog1>{}</div>",
    "<div class=sidebar-right><div class='col-md-8'>{}</div></div>",
]
HEADINGS = ["<h1>{}</h1>", "<h1 class=entry-title>{}</h1>", "<header><h1><span>{}</span></h1></header>"]
HEADINGS += ["<h2 class=post-title>{}</h2>", "<div class=headline>{}</div>"]
DATES = ["<time datetime='2026-11-19T09:00:00Z'>أمس</time>", "<span class=date>الخميس 19 نوفمبر 2026 - 09:00 ص</span>"]
DATES += ["<div class=meta><span>نشر في: 19/11/2026</span></div>", "<p>١٩ تشرين الثاني ٢٠٢٦</p>"]
BYLINES = ["<span class=author>سلمى الراوي</span>", "<p>كتبت: سلمى الراوي</p>", "<a rel=author href=/s>سلمى الراوي</a>"]


def layout(chance: random.Random) -> str:
    others = [
        f"<div class=item><a href=/o><h4>{t}</h4></a><p>{x}</p></div>" for t, x in zip(OTHERS, TEASERS, strict=True)
    ]
    links = "".join(f"<li><a href=/l>{text}</a></li>" for text in OTHERS)
    blocks = BLOCKS[chance.choice(sorted(BLOCKS))]
    cut = chance.randrange(1, len(BODY))
    inside = chance.choice(
        [f"<p><strong>اقرأ أيضاً: <a href=/y>{OTHERS[0]}</a></strong></p>", "<div class=ad-slot>إعلان</div>", ""]
    )
    text = blocks(BODY[:cut]) + inside + blocks(BODY[cut:]) if inside else blocks(BODY)
    site = chance.choice(["صحيفة الواحة", "الواحة نت"])
    title = chance.choice([TITLE, f"{TITLE} - {site}", f"{site} | {TITLE}", f"{TITLE} :: {site}"])
    after = chance.choice(
        [
            f"<div class=related-posts><h3>مواضيع ذات صلة</h3>{''.join(others)}</div>",
            f"<div class=block><h3>أخبار ذات صلة</h3>{''.join(others)}</div>",
            f"<h3>اقرأ أيضاً</h3><ul>{links}</ul>",
            "",
        ]
    )
    comments = "".join(f"<div class=comment><b>قارئ</b><p>{text} شكراً لكم.</p></div>" for text in TEASERS)
    after += chance.choice([f"<div id=comments><h3>التعليقات</h3>{comments}</div>", ""])
    before = chance.choice(["<div class=top><span class=date>الثلاثاء 24 نوفمبر 2026</span></div>", ""])
    before += chance.choice([f"<h1 class=logo><a href='/'>{site}</a></h1>", f"<a href='/'>{site}</a>"])
    head = chance.choice(HEADINGS).format(TITLE) + chance.choice(DATES) + chance.choice(BYLINES)
    article = f"{head}<div class='{chance.choice(NAMES)}'>{text}</div>{after}"
    return (
        f"<!doctype html><html dir=rtl><head><meta charset=utf-8><title>{title}</title>"
        f"<meta property='og:site_name' content='{site}'></head><body>{before}<nav><ul>{links}</ul></nav>"
        f"{chance.choice(FRAMES).format(article)}<div class=side><h3>الأكثر قراءة</h3><ol>{links}</ol></div>"
        "<footer><p>جميع الحقوق محفوظة للصحيفة</p></footer></body></html>"
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(80))
def test_random_layouts(seed: int) -> None:
    article = page.parse(layout(random.Random(seed)).encode(), WHERE, now=NOW)
    found = Counter(arabic_fold(" ".join(paragraphs(article.body))).split())
    truth = Counter(arabic_fold(" ".join(BODY)).split())
    common = sum((found & truth).values())
    assert 2 * common / (sum(found.values()) + sum(truth.values())) >= 0.97
    assert article.title == TITLE
    assert article.author == "سلمى الراوي"
    assert article.published is not None
    assert article.published.date() == date(2026, 11, 19)


# Parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("الخبر - صحيفة الواحة", "الخبر"),
        ("صحيفة الواحة | الخبر - الجزء الأول", "الخبر - الجزء الأول"),
        ("الخبر :: صحيفة الواحة", "الخبر"),
        ("الخبر – صحيفة الواحة – صحيفة الواحة", "الخبر"),
        ("صحيفة الواحة", "صحيفة الواحة"),
        ("مباراة 3-2 مثيرة", "مباراة 3-2 مثيرة"),
    ],
)
def test_the_site_s_name_goes_from_either_end(text: str, expected: str) -> None:
    assert without_site(text, frozenset({arabic_fold("صحيفة الواحة")})) == expected


@pytest.mark.parametrize(
    "script",
    [
        '{"@type":"NewsArticle","headline":"خبر","author":"سلمى"}',
        '<!-- {"@type":["Thing","NewsArticle"],"headline":"خبر","author":["سلمى"]} -->',
        '//<![CDATA[\n{"@type":"http://schema.org/NewsArticle","headline":"خبر","author":{"name":"سلمى"}};\n//]]>',
        '[{"@type":"Person"},{"@type":"Article","headline":"خبر","author":[{"name":["سلمى"]}]}]',
        '{"@graph":[{"@id":"#p","name":"سلمى"},{"@type":"Article","headline":"خبر","author":{"@id":"#p"}}]}',
        '{"@type":"NewsArticle","headline":"خبر","creator":"سلمى"} {"x": 1}',
        '{"@type":"Organization","name":"الواحة"}\n{"@type":"NewsArticle","headline":"خبر","author":"سلمى"}',
        '{"x": 1}, {"@type":"NewsArticle","headline":"خبر","author":"سلمى"};',
        '{"@type":"NewsArticle","headline":"خبر","author":["سلمى",],}',
        '{"@type":"NewsArticle", /* العنوان */ "headline":"خبر", // الكاتب\n"author":"سلمى", /* "}" */ }',
        '{"@type":"NewsArticle","url":"https://example.org/*a*/","headline":"خبر","author":"سلمى",}',
        '{"@type":"NewsArticle","text":"سطر\nثان\tو\x01ثالث","headline":"خبر","author":"سلمى"}',
        "{&quot;@type&quot;:&quot;NewsArticle&quot;,&quot;headline&quot;:&quot;خبر&quot;,&quot;author&quot;:&quot;سلمى&quot;}",
        '<![CDATA[ {"@type":"NewsArticle","headline":"خبر","author":"سلمى",} ]]>',
        '/* <![CDATA[ */ {"@type":"NewsArticle","headline":"خبر","author":"سلمى"} /* ]]> */',
        '{"@type":"NewsArticle","description":"قال: "لن نعود" أبداً","headline":"خبر","author":"سلمى"}',
        '{"@type":"NewsArticle","headline":{"@value":"خبر","@language":"ar"},"author":"سلمى"}',
        '{"@context":"https://schema.org","@graph":[{"@type":"NewsArticle","headline":"خبر","author":"سلمى",},]}',
    ],
)
def test_linked_data_in_all_its_wrappings(script: str) -> None:
    root = tree(f'<script type="application/ld+json">{script}</script>')
    assert root is not None
    linked = LinkedData.of(root)
    assert (linked.text("headline"), linked.authors) == ("خبر", ("سلمى",))


@pytest.mark.parametrize(
    "script", ["", "{", "[[[", "null", '"x"', "[" * 50_000, '{"@graph": {"@graph": 5}}', "/* {} ", '"']
)
def test_linked_data_that_is_none(script: str) -> None:
    root = tree(f'<p>x<script type="application/ld+json">{script}</script>')
    assert root is not None
    assert LinkedData.of(root).authors == ()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the page is empty"),
        (b"\x00\x01", "the page is empty"),
        (b"<html><body><p>x</p></body></html>", "no article can be found in this page"),
        (b"<p>" + b"a" * 5_000_001, "the page is larger than 5 MB"),
    ],
    ids=["nothing", "controls", "no article", "large"],
)
def test_what_is_no_article_is_said_so(data: bytes, what: str) -> None:
    with pytest.raises(SourceError) as caught:
        page.parse(data, WHERE, now=NOW)
    assert caught.value.what == what


HEAD = f"<title>{TITLE}</title><h1>{TITLE}</h1>"


SCRIPTS = {
    "quotes": '{"a":' + '"' * 900_000,
    "escaped": '{"a":' + '"\\' * 450_000,
    "comments": '{"a":' + "/*" * 450_000,
    "commas": '{"a":' + ", " * 450_000,
    "spaces": '{"a":' + '" ' * 450_000,
    "values": "1 " * 450_000,
    "long": '{"a":"' + "x" * 3_000_000,
}
HOSTILE = {
    "deep": HEAD + "<div>" * 100_000 + "x",
    "long": HEAD + "<p>نص طويل بما يكفي ليكون فقرة من خبر</p>" * 30_000,
    "many": HEAD + "<p>نص طويل بما يكفي ليكون فقرة من خبر</p>" * 19_000,
    "spans": HEAD + "<span>x</span>" * 150_000,
    "dates": HEAD + "<div class=date>x</div>" * 19_000,
    "headings": HEAD + "<h1>عنوان آخر طويل بما يكفي</h1>" * 19_000,
    "breaks": HEAD + "نص<br>" * 19_000,
    "attribute": HEAD + "<p x='" + "y" * 4_900_000 + "'>z</p>",
    "metas": HEAD + "<meta property=og:title content=x>" * 19_000,
    "tables": HEAD + "<table><tr><td>" * 60_000,
    "forms": HEAD + "<form>" * 100 + "<p>نص</p>" * 19_000,
    "links": HEAD + "<a href=/x>رابط</a>" * 19_000,
    **{f"script {name}": f"<script type='application/ld+json'>{text}</script>{HEAD}" for name, text in SCRIPTS.items()},
    "open": f"<script type='application/ld+json'>{'[' * 1_000_000}</script>{HEAD}",
    "graph": f"<script type='application/ld+json'>{json.dumps([{'@graph': [{'a': 1}] * 1000}] * 50)}</script>{HEAD}",
}


@pytest.mark.slow
@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pages_end_soon(html: str) -> None:
    began = time.thread_time()  # of this thread: other work on the machine does not count
    try:
        title = page.parse(html.encode(), WHERE, now=NOW).title
    except SourceError as error:
        title = error.what
    assert title
    assert time.thread_time() - began < 4


PIECES = st.lists(
    st.sampled_from(
        [
            *("<h1>", "</h1>", "<p>", "</p>", "<div class=entry-content>", "</div>", "<article>", "<br>", "<form>"),
            *("<time datetime=x>", "<meta property=og:title content='عنوان الخبر الطويل'>", "<base href=x:y>"),
            *("<link rel=canonical href='http://['>", "<script type=application/ld+json>{", "</script>", "<aside>"),
            *("عنوان الخبر الطويل", TEASERS[0], "20 نوفمبر 2026", "\ud800", "\x00", "<h3>اقرأ أيضاً</h3>", "<ul><li>"),
            *("<a rel=author>", "<span class=author>", "<table><tr><td>", "<div class=related>", "<!--"),
        ]
    ),
    max_size=25,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(PIECES.map("".join).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200))
def test_no_bytes_raise_anything_but_our_own(data: bytes) -> None:
    try:
        title = page.parse(data, WHERE, now=NOW).title
    except SourceError as error:
        title = error.what
    assert title
    assert "\n" not in title


def test_a_body_within_a_body_of_the_same_name_is_the_inner_one() -> None:
    sentence = "تستعد المدينة لاستقبال زوار المهرجان السنوي الذي يشارك فيه مزارعون من ثلاث مناطق مجاورة هذا العام."
    data = f"<h1>مهرجان</h1><div class=entry-content><div class=entry-content>{sentence * 2}</div></div>".encode()
    assert sentence in page.parse(data, WHERE, now=NOW).body
