"""Reports as a newsroom could have them, for the tests of the report's page: invented figures, whole and empty ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.ledger.trials import TrialResult, TriedSubject
from newsletter.models import Publication
from newsletter.polls import PollResults
from newsletter.report.models import (
    ComparedShare,
    DeliveryCounts,
    DomainCounts,
    GrowthReport,
    HourCounts,
    IssueComparison,
    LinkCounts,
    ListGrowth,
    NewsroomReport,
    PastIssue,
    Report,
    ReportPart,
    RoadCounts,
    StoryCounts,
    WeekCounts,
)
from newsletter.report.sponsors import SponsorLetter, SponsorReport, WaitingBooking

ZONE = ZoneInfo("Africa/Algiers")
BEGUN = datetime(2026, 11, 26, 10, 0, tzinfo=ZONE)

WORDS = {
    "ar": {
        "subject": "سوق السبت، وعاصفة مرّت بسلام",
        "list": "قرّاء الموجة",
        "stories": (
            "دليلك إلى سوق السبت: متى تذهب وماذا تشتري",
            "عاصفة الخريف تمر بسلام على موانئ الساحل",
            "أول مصعد بحري في خليج الفوانيس",
            "من يملك نخلة المدينة؟",
            "سبع مكتبات تسهر حتى منتصف الليل",
            "حوار مع مطوّرة C++ التي أعادت كتابة برنامج OpenTide 3.0 في 12 يومًا",
        ),
        "question": "هل نكتب أكثر عن البحر؟",
        "answers": ("نعم، أكثر", "كما هو الآن", "أقل من فضلكم"),
        "past": "رسالة الأسبوع من الميناء",
    },
    "en": {
        "subject": "Saturday’s market, and a storm that passed",
        "list": "Readers of The Wave",
        "stories": (
            "Your guide to Saturday’s market: when to go and what to buy",
            "The autumn storm passed the harbours of the coast without harm",
            "The first lift by the sea, in Lantern Bay",
            "Who owns the palm of the town?",
            "Seven bookshops that stay up until midnight",
            "A talk with the engineer who wrote OpenTide 3.0 anew in 12 days",
        ),
        "question": "Shall we write more about the sea?",
        "answers": ("Yes, more", "As it is now", "Less, please"),
        "past": "The week’s letter from the harbour",
    },
}
WORDS["fr"] = WORDS["en"] | {"subject": "Le marché du samedi, et une tempête passée sans dommage"}
WORDS["fa"] = WORDS["ar"] | {"subject": "بازار شنبه، و توفانی که بی‌خطر گذشت"}
WORDS["he"] = WORDS["ar"] | {"subject": "שוק השבת, וסערה שחלפה בשלום"}
NAMES = {"ar": "الموجة", "en": "The Wave", "fr": "La Vague", "fa": "موج", "he": "הגל"}

CLICKS = (612, 431, 288, 190, 121, 44)
HOURS = (300, 410, 240, 160, 120, 90, 80, 70, 60, 50, 55, 30, 14, 5, 0, 0, 0, 2, 9, 20, 14, 11, 8, 8)


def publication(language: str = "ar", **settings: object) -> Publication:
    """Who publishes."""
    usual: dict[str, object] = {"timezone": "Africa/Algiers"}
    if language == "fa":
        usual |= {"digits": "arabic-indic", "jalali": True}
    return Publication(NAMES[language], "https://almawja.example.org", language=language, **(usual | settings))  # type: ignore[arg-type]


def counts() -> DeliveryCounts:
    """What became of 4,103 letters."""
    return DeliveryCounts(
        submitted=4071,
        refused=3,
        unknown=2,
        skipped=27,
        delivered=4034,
        deferred=61,
        still_deferred=0,
        bounced=37,
        bounced_later=0,
        complained=2,
        left=9,
        reasons={"no longer subscribed": 27, "550 5.1.1 no such user": 3},
        bounces={"hard": 14, "soft": 19, "policy": 5, "invalid": 1},
        leaving={"too many": 4, "not interesting": 2, "own words": 1, "none": 2},
    )


def past(language: str, number: int, *, clicks: bool = True) -> PastIssue:
    """An earlier issue."""
    sent = 3460 + 68 * (number - 2)
    return PastIssue(
        str(number),
        WORDS[language]["past"],  # type: ignore[arg-type]
        BEGUN - timedelta(days=7 * (12 - number)),
        sent,
        sent - 36 - number % 4,
        36 + number % 4,
        1 + number % 2,
        8 + number % 5,
        1210 + 37 * (number % 6) if clicks else 0,
        clicks,
    )


def issue(language: str = "ar", *, clicks: bool = True) -> Report:
    """An issue of which everything is known."""
    words = WORDS[language]
    whole = counts()
    small = DeliveryCounts(submitted=310, delivered=308, bounced=2, left=1)
    stories = tuple(
        StoryCounts(
            title,
            number,
            round(number / 9),
            (
                LinkCounts(f"https://almawja.example.org/2026/11/{at}?a=1&b=2", number - 3, round(number / 9)),
                LinkCounts(f"https://almawja.example.org/2026/11/{at}#more", 3),
            ),
            "12",
        )
        for at, (title, number) in enumerate(zip(words["stories"], CLICKS, strict=True))
    )
    shares = (
        ComparedShare("delivered", 4034 / 4071, 0.986),
        ComparedShare("bounced", 37 / 4071, 0.0102),
        ComparedShare("complained", 2 / 4071, 2 / 4071),
        ComparedShare("left", 9 / 4071, 0.0031),
        ComparedShare("clicked", sum(CLICKS) / 4071, 0.352),
    )
    return Report(
        "12",
        str(words["subject"]),
        ("finished",),
        (
            ReportPart("send-1", str(words["list"]), "weekly", "", whole),
            ReportPart("send-1", str(words["list"]), "weekly", "-2-3", small),
        ),
        (
            PollResults(
                "0123456789abcdef",
                "12",
                str(words["list"]),
                str(words["question"]),
                tuple(zip(words["answers"], (214, 97, 12), strict=True)),
                False,
                None,
            ),
        ),
        begun=BEGUN,
        hours=tuple(
            HourCounts(
                at,
                BEGUN + timedelta(hours=at),
                delivered=(2900, 900, 150, 60, 24)[at] if at < 5 else 0,
                deferred=40 if at == 0 else 21 if at == 1 else 0,
                bounced=30 if at == 0 else 7 if at == 4 else 0,
                clicked=number if clicks else 0,
            )
            for at, number in enumerate(HOURS)
            if (number and clicks) or at < 5
        ),
        domains=(
            DomainCounts("gmail.com", 2619, 2611, 12, 0, 8, 1, {"hard": 8}),
            DomainCounts("outlook.com", 661, 640, 30, 0, 21, 1, {"policy": 5, "soft": 16}),
            DomainCounts("yahoo.com", 405, 402, 19, 0, 3),
            DomainCounts("mail.example.net", 180, 177, 0, 2, 1),
            DomainCounts("(others)", 187, 185, 0, 0, 2),
            DomainCounts("(erased)", 19, 19, 0, 0, 0),
        ),
        stories=stories if clicks else (),
        clicks_counted=clicks,
        comparison=IssueComparison(tuple(past(language, number, clicks=clicks) for number in range(2, 12)), shares)
        if clicks
        else IssueComparison(tuple(past(language, number, clicks=False) for number in range(2, 12)), shares[:4]),
        trials=(tried(language),) if clicks else (),
        turned_away={"0123456789abcdef": 3},
    )


def tried(language: str = "ar", *, counted: tuple[int, int] = (41, 68)) -> TrialResult:
    """Two subjects of which the second was better, and the rest got it."""
    words = (str(WORDS[language]["subject"]), str(WORDS[language]["stories"][0]))
    return TrialResult(
        send_id=1,
        send="send-1",
        issue="12",
        list_id=1,
        rhythm="weekly",
        state="finished",
        measure="clicks",
        subjects=tuple(
            TriedSubject(at + 1, text, 500, 500, number)
            for at, (text, number) in enumerate(zip(words, counted, strict=True))
        ),
        begun=BEGUN,
        rest=3071,
        wait=timedelta(hours=2),
        asks=False,
        decide_at=BEGUN + timedelta(hours=2),
        decided_at=BEGUN + timedelta(hours=2),
        decided_by="itself",
        verdict="better",
        best=2,
        chosen=2,
    )


def grown(language: str = "ar") -> GrowthReport:
    """A list over 13 weeks."""
    monday = date(2026, 8, 31)
    moves = (
        (96, 11),
        (82, 9),
        (101, 14),
        (77, 8),
        (64, 10),
        (88, 13),
        (120, 9),
        (91, 12),
        (70, 7),
        (84, 15),
        (97, 9),
        (102, 12),
        (59, 10),
    )
    weeks = tuple(
        WeekCounts(monday + timedelta(days=7 * at), joined + 9, joined, left, 3 * (at % 6 // 5), at % 3, at % 5 // 4)
        for at, (joined, left) in enumerate(moves)
    )
    roads = (
        RoadCounts("form", "https://news.example.org/subscribe", 760, 701),
        RoadCounts("embedded form", "https://almawja.example.org/2026/11/market", 311, 286),
        RoadCounts("file readers-2026.csv", "", 120, 120),
        RoadCounts("editor", "", 24, 24),
    )
    title = str(WORDS[language]["list"])
    return GrowthReport((ListGrowth("readers", title, 4812, 4754, 21, weeks, roads),), {monday: 3})


def whole(language: str = "ar", *, clicks: bool = True) -> NewsroomReport:
    """One issue, the lists and the best stories."""
    one = issue(language, clicks=clicks)
    best = tuple(replace(story, issue=str(12 - at % 3)) for at, story in enumerate(one.stories))
    made = datetime(2026, 11, 29, 9, 30, tzinfo=ZONE)
    return NewsroomReport(NAMES[language], made, "Africa/Algiers", (one,), grown(language), best)


def silent() -> NewsroomReport:
    """The first issue, sent by the outbox, which never tells what became of it."""
    one = Report(
        "1",
        "العدد الأول",
        ("finished",),
        (ReportPart("send-1", "قرّاء الموجة", "weekly", "", DeliveryCounts(submitted=40)),),
        begun=BEGUN,
        comparison=IssueComparison((), ()),
    )
    return NewsroomReport("الموجة", BEGUN + timedelta(hours=2), "Africa/Algiers", (one,))


def sponsor(language: str = "") -> SponsorReport:
    """What a sponsor of three issues is told, with more to come."""
    letters = tuple(
        SponsorLetter(
            number,
            f"العدد {number}: ميناء الواحة يفتح أبوابه",
            "readers",
            datetime(2026, 11, 5 * (number - 10), 8, tzinfo=ZONE),
            audience=5210 + number,
            submitted=5200 + number,
            delivered=5100 + number * 3,
            told=True,
            clicks=number * 11,
            links=(LinkCounts("https://example.net/flour", number * 11, 3, "مطاحن السهل"),),
        )
        for number in (11, 12, 13)
    )
    ahead = (
        WaitingBooking("top", "", (14, 15)),
        WaitingBooking("after", "ثقافة", (), date(2026, 12, 1), date(2026, 12, 31)),
    )
    return SponsorReport("مطاحن السهل", letters, ahead, datetime(2026, 11, 29, 9, tzinfo=ZONE), str(ZONE), language)
