"""Articles that tell one story: copies, the same report from two sources, the same report in other words.

A reader should meet a story once. But two daily columns of one title are two articles, and so are two reports on one
event; so a title alone never decides, and neither does a picture. Measured on ``tests/data/likeness``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from newsletter.text.likeness import THRESHOLD
from newsletter.text.sizes import whole_size
from newsletter.text.tidy import arabic_fold

NEAR = timedelta(days=3)
"""A story is told again within days; later it is another one with the same names."""
_COLUMN = timedelta(hours=18)
"""Two articles of one title, so far apart, are a column that appears every day, unless they are nearly one text."""
_NEARLY_ONE = 0.8
_SAME_TITLE, _SAME_WORDS = 0.45, 0.6
"""Shares of the words of the shorter title, and of the shorter opening, for a report in other words. Of the invented
pairs, one story in other words shared at least 0.50 and 0.75, and two stories with such titles at most 0.28 of the
opening, but for columns."""
_PICTURED_TITLE, _PICTURED_WORDS = 0.3, 0.5
"""The same where both show the same picture."""
_LEAST_RUNS, _LEAST_TITLE, _LEAST_WORDS = 6, 3, 8
_READ = 160
"""Words of a text that are looked at: whoever copies or tells again begins at the beginning."""
_OPENING = 60
"""Words that an opening has at most, without those that every text has."""
_LEAST_NUMBERS = 3
_SHORT = 60
"""Words below which a text is short."""
_MOST_HOLDERS = 30
"""Articles that one run of words, title word or picture is looked up in; what more have says little."""
_LONG, _SAMPLED, _GUESSED = 60, 4, 0.3
"""Runs from which a text is long, one in how many of which is kept, and what share of them is worth a closer look."""
_PREFIX = re.compile(r"^(?:[وفبك]?ال(?=\w{3})|[وف]?لل(?=\w{3})|[وفبل](?=\w{4}))")
_SUFFIX = re.compile(r"(?<=\w{3})(?:ات|ون|ين|ان|ها|هم|يه|ه|ي|ا)$")
_COMMON = frozenset(
    arabic_fold(
        "في من على عن إلى أن إن أو ما لا مع بعد قبل هذا هذه ذلك تلك التي الذي الذين كان كانت قد لم لن ثم حتى كل بين عند"
        " حول خلال منذ اليوم أمس غدا قال قالت أكد أكدت أعلن أعلنت أضاف أضافت وأضاف وقال وأكد كما وكان عبر نحو لدى ضد أي"
        " هو هي هم به بها له لها فيه فيها منه منها عليه عليها غير أكثر أقل جديد جديدة عام يوم وفق بحسب"
        " که را از به در با این آن است شد برای های می the of and to in a for on le la les de des du et en"
    ).split()
)
_DAYS = frozenset(
    arabic_fold(
        "اليوم ليوم يوم غدا السبت الأحد الاثنين الثلاثاء الأربعاء الخميس الجمعة يناير فبراير مارس أبريل مايو يونيو"
        " يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر كانون الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين الأول"
        " جانفي فيفري أفريل ماي جوان جويلية أوت شنبه یکشنبه دوشنبه سه‌شنبه چهارشنبه پنجشنبه جمعه امروز"
    ).split()
)
"""What changes in the title of a column from one day to the next."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What an article tells, as far as it can be compared."""

    title: str
    text: str
    """Plain, without markup."""
    picture: str = ""
    """Address of its picture, or empty."""
    moment: datetime | None = None
    """When it was published, aware; None when nobody knows."""


@dataclass(frozen=True, slots=True)
class _Traits:
    """What of a telling is compared with others."""

    whole: str
    runs: frozenset[int]
    """Runs of three words, numbered."""
    title: frozenset[str]
    column: frozenset[str]
    """The words of its title without days and numbers."""
    words: tuple[str, ...]
    numbers: frozenset[str]
    title_numbers: frozenset[str]
    picture: str
    moment: datetime | None


def retold(tellings: Sequence[Telling]) -> dict[int, int]:
    """Find the tellings that tell again what an earlier one tells.

    Args:
        tellings: In order of preference, the oldest first for example.

    Returns:
        Number of each telling that tells a story again, with the number of the first one of that story.
    """
    told = ToldStories()
    firsts = [told.add(telling) for telling in tellings]
    return {at: first for at, first in enumerate(firsts) if first != at}


class ToldStories:
    """Tellings one after the other, each with the first one of its story."""

    def __init__(self) -> None:
        self._numbering: dict[str, int] = {}
        self._index = _Index()
        self._first: list[int] = []

    def add(self, telling: Telling) -> int:
        """Take up a telling; gives the number of the first one of its story: its own number if it is that.

        Args:
            telling: The next one; the first has number 0.
        """
        mine = _traits(telling, self._numbering)
        index = self._index
        found = [other for other in index.acquainted(mine) if _one_story(index.traits[other], mine)]
        first = min((self._first[other] for other in found), default=len(self._first))
        self._first.append(first)
        index.add(mine)
        return first


class _Index:
    """Which tellings have what, so that each is compared with few others and the work stays near their number."""

    def __init__(self) -> None:
        self.traits: list[_Traits] = []
        self._whole: defaultdict[str, list[int]] = defaultdict(list)
        self._runs: defaultdict[int, list[int]] = defaultdict(list)
        # Of what many have the last ones are kept: a story is told again within days.
        self._titles: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=_MOST_HOLDERS))
        self._pictures: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=_MOST_HOLDERS))

    def add(self, mine: _Traits) -> None:
        at = len(self.traits)
        self.traits.append(mine)
        if mine.whole:
            self._whole[mine.whole].append(at)
        if mine.picture:
            self._pictures[mine.picture].append(at)
        for run in _indexed(mine.runs):
            if len(self._runs[run]) < _MOST_HOLDERS:
                self._runs[run].append(at)
        for word in mine.title:
            self._titles[word].append(at)

    def acquainted(self, mine: _Traits) -> set[int]:
        """Tellings that share enough with this one to be worth a comparison."""
        found = {*self._whole.get(mine.whole, ())[:1], *self._pictures.get(mine.picture, ())}
        runs = Counter(at for run in mine.runs if run in self._runs for at in self._runs[run])
        for at, count in runs.items():
            size = len(self.traits[at].runs)
            guess = count * _SAMPLED if size >= _LONG else count
            if count > 1 and guess >= _GUESSED * min(len(mine.runs), size):
                found.add(at)
        words = Counter(at for word in mine.title if word in self._titles for at in self._titles[word])
        for at, count in words.items():
            if count >= 2 and count >= _SAME_TITLE * min(len(mine.title), len(self.traits[at].title)):
                found.add(at)
        return found


def _indexed(runs: frozenset[int]) -> Iterable[int]:
    """The runs that an article is found by: of a long one every fourth, which tells enough to look closer."""
    return runs if len(runs) < _LONG else (run for run in runs if (run ^ run >> 24 ^ run >> 48) % _SAMPLED == 0)


def _one_story(one: _Traits, other: _Traits) -> bool:
    if one.whole and one.whole == other.whole:
        return True
    apart = abs(one.moment - other.moment) if one.moment and other.moment else timedelta()
    if _other_numbers(one, other):
        return False
    shared = _share(one.runs, other.runs, _LEAST_RUNS)
    if one.column == other.column and apart >= _COLUMN and shared < _NEARLY_ONE:
        return False
    if shared >= THRESHOLD:
        return True
    if apart > NEAR:
        return False
    titles = _share(one.title, other.title, _LEAST_TITLE)
    words = _words_shared(one, other)
    if one.picture and one.picture == other.picture and titles >= _PICTURED_TITLE and words >= _PICTURED_WORDS:
        return True
    return titles >= _SAME_TITLE and words >= _SAME_WORDS


def _traits(telling: Telling, numbering: dict[str, int]) -> _Traits:
    titled, text = arabic_fold(telling.title), arabic_fold(" ".join(telling.text.split(None, _READ)[:_READ]))
    words = text.split()
    numbered = [numbering.setdefault(word, len(numbering)) for word in words]
    return _Traits(
        whole=f"{titled}\n{text}" if text else titled,
        runs=frozenset(a << 48 | b << 24 | c for a, b, c in zip(numbered, numbered[1:], numbered[2:], strict=False)),
        title=frozenset(_stems(titled.split())),
        column=frozenset(word for word in titled.split() if not word.isdecimal() and word not in _DAYS),
        words=tuple(words),
        numbers=frozenset(word for word in words if word.isdecimal()),
        title_numbers=frozenset(word for word in titled.split() if word.isdecimal()),
        picture=whole_size(telling.picture).removeprefix("https:").removeprefix("http:"),
        moment=telling.moment,
    )


def _stems(words: Iterable[str]) -> Iterator[str]:
    """Folded words without the articles and endings that two writers choose differently, and without common words."""
    return (_stem(word) for word in words if len(word) > 2 and word not in _COMMON)


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return _SUFFIX.sub("", _PREFIX.sub("", word))


def _share(one: frozenset[object], other: frozenset[object], least: int) -> float:
    """How much of the smaller set is in the larger; nothing when one is too small to tell."""
    smaller = min(len(one), len(other))
    return len(one & other) / smaller if smaller >= least else 0.0


def _words_shared(one: _Traits, other: _Traits) -> float:
    """How much of the opening of the shorter telling is anywhere in the other."""
    # In their order, each once.
    shorter, longer = sorted((list(dict.fromkeys(_stems(each.words))) for each in (one, other)), key=len)
    opening = set(shorter[:_OPENING])
    return len(opening.intersection(longer)) / len(opening) if len(opening) >= _LEAST_WORDS else 0.0


def _other_numbers(one: _Traits, other: _Traits) -> bool:
    """Whether both have numbers, and other ones: two days of exchange rates, two scores, two numbers of a series."""
    if one.title_numbers and other.title_numbers and not _nested(one.title_numbers, other.title_numbers):
        return True
    smaller, common = min(len(one.numbers), len(other.numbers)), len(one.numbers & other.numbers)
    if smaller >= _LEAST_NUMBERS:
        return common * 2 <= smaller
    # In a long text one number may be that of a page or a reader; in a short one it is the news.
    return smaller > 0 and common == 0 and min(len(one.words), len(other.words)) < _SHORT


def _nested(one: frozenset[str], other: frozenset[str]) -> bool:
    return one <= other or other <= one
