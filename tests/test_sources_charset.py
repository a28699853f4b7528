"""Bytes to text, whatever the label says."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.sources.charset import decode, label_in

TEXTS = [
    "أعلنت البلدية صباح اليوم إطلاق مشروع جديد لتشجير الشوارع الرئيسية في المدينة، وقال رئيسها إن العمل يبدأ غداً.",
    "قال مدير المتحف إن الموسم هذا العام أفضل من سابقه، وأضاف أن سعر التذكرة سيبقى ثابتاً حتى نهاية السنة.",
    "فاز فريق الحي بكأس المدينة للمرة الثالثة بعد مباراة مثيرة انتهت بركلات الترجيح وسط حضور كبير من السكان.",
    "الطقس غداً غائم جزئياً مع احتمال هطول أمطار خفيفة على السواحل، ودرجات حرارة معتدلة في المناطق الداخلية.",
    "ما الذي يجعل خبز القرية مختلفاً؟ سألنا ثلاثة من الخبازين، فأجاب كل واحد منهم إجابة لا تشبه الأخرى أبداً.",
    "يفتح المسبح البلدي أبوابه من التاسعة صباحاً حتى السابعة مساءً، ويغلق يوم الاثنين من كل أسبوع للصيانة.",
]
LABELS = ["", "utf-8", "iso-8859-1", "windows-1252", "cp1256", "iso-8859-6", "nonsense", "x-cp1256", "base64", "idna"]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("length", [40, 90, 600])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be", "cp1256", "iso8859-6"])
def test_arabic_comes_out_right_whatever_the_label(encoding: str, length: int, label: str) -> None:
    for text in TEXTS:
        piece = (f"{text} " * 8)[:length]
        assert decode(piece.encode(encoding), label) == piece


@pytest.mark.parametrize("label", ["", "iso-8859-1", "windows-1252", "utf-8"])
def test_french_is_not_taken_for_arabic(label: str) -> None:
    text = "L’été à Alger : une journée déjà très chaude, où les façades s’éteignent. Été, forêt, âge, ça et là."
    assert decode(text.encode("cp1252"), label) == text
    assert decode(text.encode(), label) == text


def test_another_code_page_is_believed_when_it_is_named() -> None:
    text = "Привет, это новости недели из города у моря."
    assert decode(text.encode("koi8-r"), "koi8-r") == text
    assert decode(b'<meta charset="koi8-r">' + text.encode("koi8-r")).endswith(text)


RUSSIAN = [
    "Привет, это новости недели из города у моря.",
    "Жители собрали двести книг для школьной библиотеки, и сегодня её открывают для всех желающих.",
    "Объявление: завтра утром будет дождь",
]
HEBREW = "הספרייה העירונית פותחת את שעריה מחר בבוקר, והכניסה חופשית לכל תושבי השכונה"


@pytest.mark.parametrize("label", ["", "utf-8", "iso-8859-1", "windows-1252", "nonsense"])
@pytest.mark.parametrize("encoding", ["koi8-r", "cp1251", "iso8859-5", "utf-16-le"])
def test_cyrillic_that_nobody_named(encoding: str, label: str) -> None:
    for text in RUSSIAN:
        data = f"<title>{text}</title>".encode(encoding)
        assert decode(data, label) == f"<title>{text}</title>"


def test_hebrew_that_nobody_named() -> None:
    assert decode(HEBREW.encode("cp1255")) == HEBREW


def test_the_prolog_counts_where_the_server_says_utf_8_to_everything() -> None:
    greek = "Η βιβλιοθήκη ανοίγει αύριο το πρωί"
    head = '<?xml version="1.0" encoding="utf-8"?><?xml version="1.0" encoding="windows-1253"?>'
    assert decode((head + greek).encode("cp1253"), "utf-8") == head + greek
    assert decode((head[38:] + greek).encode("cp1253"), "iso-8859-1") == head[38:] + greek


def test_a_few_broken_bytes_leave_utf_8_utf_8() -> None:
    data = (TEXTS[0] * 5).encode()
    assert decode(data[:-1]).startswith(TEXTS[0])
    assert decode(data[:500] + b"\xff" + data[500:]).count("\ufffd") <= 3


@pytest.mark.parametrize(
    ("data", "label"),
    [
        (b'<?xml version="1.0" encoding="windows-1256"?>', "windows-1256"),
        (b"<?xml version='1.0' encoding = 'utf-8' ?>", "utf-8"),
        (b'<html><head><META http-equiv="Content-Type" content="text/html; charset=windows-1256">', "windows-1256"),
        (b"<meta charset=utf-8>", "utf-8"),
        (b"<p>charset=utf-8", ""),
        (b"x" * 5000 + b"<meta charset=utf-8>", ""),
    ],
)
def test_the_label_in_a_document(data: bytes, label: str) -> None:
    assert label_in(data) == label


@given(st.binary(max_size=300), st.sampled_from(LABELS) | st.text(max_size=20))
def test_no_bytes_and_no_label_raise(data: bytes, label: str) -> None:
    assert isinstance(decode(data, label), str)


@given(st.text(max_size=200))
def test_utf_8_comes_back(text: str) -> None:
    data = codecs.BOM_UTF8 + text.encode("utf-8", "replace")
    assert decode(data).encode("utf-8") == data[3:]
