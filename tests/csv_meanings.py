"""What docs/en/csv.md and docs/ar/csv.md say beside the words that the code knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Meanings = Mapping[str, Mapping[str, tuple[str, str]]]
"""Table, then group or column, to its title and what is said of it."""


@dataclass(frozen=True)
class PageTexts:
    """The texts of one page around its words."""

    languages: tuple[str, str]
    """Heading of the Arabic words, and of the others."""
    first: Mapping[str, str]
    """Heading of the first column of each table."""
    last: Mapping[str, str]
    """Heading of the last one."""
    meanings: Meanings


_EXPORT_EN = {
    "address": "the address, as it is written to",
    "status": "`confirmed`, `pending` or `left`",
    "rhythm": "`instant`, `daily` or `weekly`",
    "declined_topics": "the topics that the reader does not want, as the sum of their bits: topic 1 is 1, 2 is 2, "
    "3 is 4, 4 is 8 …; `0` wants all",
    "paused_until": "until when the reader rests; empty for not at all",
    "count_clicks": "`no` from who wants no clicks in their letters counted; else empty",
    "since": "when the subscription began",
    "changed": "when it changed last",
    "suppressed": "why no letter goes to the address: `hard`, `complained`, `import` …; empty where letters go",
    "suppressed_at": "since when",
    "consent_act": "the latest line of the record of consent: `subscribe`, `confirm`, `import`, `leave` …",
    "consent_at": "when that was",
    "consent_how": "by which road: `form`, `editor`, `file readers.csv` …",
    "consent_words": "the words that were agreed to, or that an editor stated",
    "consent_network": "the network address, where the record has it (`[web] keep_client`, or another program's file)",
    "consent_page": "the page or form",
    "consent_reason": "why they left, where they said so",
    "consent_record": "the lines before the latest, oldest first, as JSON",
    "name": "what editors call the reader, where somebody wrote that down",
}
_EXPORT_AR = {
    "address": "عنوان البريد كما يُراسَل",
    "status": "`confirmed` مشترك، `pending` بانتظار التأكيد، `left` غادر",
    "rhythm": "`instant` فورية، `daily` يومية، `weekly` أسبوعية",
    "declined_topics": "المواضيع التي لا يريدها القارئ، مجموعةً: الموضوع 1 هو 1، و2 هو 2، و3 هو 4، و4 هو 8 …؛ "
    "و`0` يريدها كلها",
    "paused_until": "حتى متى يستريح القارئ؛ وفارغ لمن لا يستريح",
    "count_clicks": "`no` لمن لا يريد عدّ النقرات في رسائله؛ وإلا فارغ",
    "since": "متى بدأ الاشتراك",
    "changed": "متى تغيّر آخر مرة",
    "suppressed": "لماذا لا يُراسَل العنوان: `hard` أو `complained` أو `import` …؛ وفارغ لمن يُراسَل",
    "suppressed_at": "منذ متى",
    "consent_act": "آخر سطر في سجل الموافقة: `subscribe` أو `confirm` أو `import` أو `leave` …",
    "consent_at": "متى كان ذلك",
    "consent_how": "بأي طريق: `form` أو `editor` أو `file readers.csv` …",
    "consent_words": "الكلمات التي وافق عليها، أو التي ذكرها محرر",
    "consent_network": "عنوان الشبكة، إن كان في السجل (&lrm;`[web] keep_client`، أو ملف من برنامج آخر)",
    "consent_page": "الصفحة أو الاستمارة",
    "consent_reason": "لماذا غادر، إن قال",
    "consent_record": "ما قبل آخر سطر، الأقدم فالأحدث، بصيغة JSON",
    "name": "الاسم الذي يعرف به المحررون القارئ، إن كتبه أحد",
}
_REPORT_EN = {
    "issue": "the number of the issue, or the name of its letter of the latest posts",
    "subject": "its subject",
    "begun": "when its first send began",
    "part": "`whole issue`, or `part`: one letter of it",
    "list": "of a part: the list",
    "rhythm": "of a part: the rhythm",
    "letter": "of a part: `whole`, or the topics that are left out",
    "tried_subject": "of a part: the subject, where several were tried",
    "audience": "everybody the issue was frozen for",
    "queued": "still to go",
    "submitting": "on the way to the provider",
    "submitted": "taken by the provider",
    "refused": "not taken by the provider, because of the address",
    "unknown": "nobody knows whether the provider took them",
    "skipped": "went to nobody on purpose: left, paused or suppressed meanwhile",
    "cancelled": "never went, since the send was cancelled",
    "delivered": "taken by the reader's mail server",
    "deferred": "put off by it at least once",
    "still_deferred": "of these, neither delivered nor bounced so far",
    "bounced": "came back",
    "bounced_later": "of these, taken first and sent back later",
    "complained": "the reader pressed “this is spam”",
    "left": "the reader ended the subscription after this letter",
    "clicked": "how often its links were pressed; of the whole issue alone, and empty where clicks are not counted",
}
_REPORT_AR = {
    "issue": "رقم العدد، أو اسم رسالة آخر المقالات",
    "subject": "عنوانه",
    "begun": "متى بدأ أول إرسال له",
    "part": "`whole issue` العدد كله، أو `part` رسالة من رسائله",
    "list": "للجزء: القائمة",
    "rhythm": "للجزء: الوتيرة",
    "letter": "للجزء: `whole` كاملة، أو المواضيع التي حُذفت منها",
    "tried_subject": "للجزء: العنوان، إن جُرّبت عدة عناوين",
    "audience": "الجمهور: كل من ثُبّت له العدد",
    "queued": "لم تذهب بعد",
    "submitting": "في الطريق إلى المزوّد",
    "submitted": "سُلّمت: أخذها المزوّد",
    "refused": "رُفضت: لم يأخذها المزوّد بسبب العنوان",
    "unknown": "لا نعرف مصيرها: لا يدري أحد هل أخذها المزوّد",
    "skipped": "لم تُرسل إليهم عمدًا: غادروا أو استراحوا أو مُنع عنوانهم في الأثناء",
    "cancelled": "لم تذهب لأن الإرسال أُلغي",
    "delivered": "وصلت: أخذها خادم بريد القارئ",
    "deferred": "أُجّلت مرة أو أكثر",
    "still_deferred": "منها: لم تصل ولم ترتدّ حتى الآن",
    "bounced": "ارتدّت",
    "bounced_later": "منها: أُخذت أولًا ثم ارتدّت",
    "complained": "ضغط القارئ «هذا بريد مزعج»",
    "left": "أنهى القارئ اشتراكه بعد هذه الرسالة",
    "clicked": "كم مرة ضُغطت روابطه؛ للعدد كله وحده، وفارغ حيث لا تُعدّ النقرات",
}


def _untitled(meanings: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    return {name: ("", meaning) for name, meaning in meanings.items()}


ENGLISH = PageTexts(
    languages=("in Arabic", "in other languages"),
    first={
        "columns": "what is in it",
        "standings": "state",
        "answers": "answer",
        "rhythms": "rhythm",
        "speaking": "what the heading speaks of",
        "export": "column",
        "report": "column",
        "articles": "what is in it",
    },
    last={
        "columns": "what is done with it",
        "standings": "what becomes of the person",
        "answers": "what it means",
        "rhythms": "what they get",
        "speaking": "how its cells are read",
        "export": "what it holds",
        "report": "what it counts",
        "articles": "what is done with it",
    },
    meanings={
        "columns": {
            "address": ("address", "the one column that must be there"),
            "vague": (
                "address, or a street",
                "the address, where no heading of the line above stands beside it",
            ),
            "rhythm": (
                "rhythm",
                "how often they get a letter; without it `[lists.NAME] rhythm` or `[rhythms] default`",
            ),
            "agreed": ("day of consent", "the moment goes into the record of consent"),
            "confirmed": ("day of confirmation", "likewise: that they confirmed it by a link"),
            "network": ("network address", "likewise: from where"),
            "page": ("form or page", "likewise: where"),
            "name": ("name", "nothing, unless `--name-column` says so: letters carry no names"),
            "topics": ("topics", "nothing, unless `--topics-column` says so"),
        },
        "standings": {
            "confirmed": ("subscribed", "added, and gets letters"),
            "pending": ("to be confirmed", "waits, gets no letter, and is forgotten after `[web] pending_days`"),
            "left": ("left", "kept as somebody who left, so that no later file brings them back"),
            "suppressed": ("not to be mailed", "the address is suppressed: nothing is sent to it any more"),
        },
        "answers": {
            "yes": ("yes", "of consent: subscribed; of leaving: left; of trouble: not to be mailed"),
            "no": ("no", "of consent: left; of leaving and trouble: subscribed"),
        },
        "rhythms": {
            "instant": ("instant", "each article as it is published"),
            "daily": ("daily", "one letter a day"),
            "weekly": ("weekly", "one letter a week"),
        },
        "speaking": {
            "state": ("how they stand", "one of the words of the table of states"),
            "leaving": ("leaving", "yes, no or a day: a yes or a day has left, a no or an empty cell has not"),
            "trouble": ("trouble", "likewise: a yes or a day is not to be mailed"),
            "consent": ("consent", "yes, no or a day; an empty cell is no consent, and its row stays out"),
            "agreement": ("perhaps consent", "likewise where the cells are plain; else nothing is taken from it"),
        },
        "export": _untitled(_EXPORT_EN),
        "report": _untitled(_REPORT_EN),
        "articles": {
            "url": ("address of the page", "fetched; the one column that must be there"),
            "title": ("headline", "instead of the page's own"),
            "section": ("section", "likewise"),
            "summary": ("summary", "likewise"),
            "author": ("author", "likewise"),
        },
    },
)

ARABIC = PageTexts(
    languages=("بالعربية", "بلغات أخرى"),
    first={
        "columns": "ما في العمود",
        "standings": "الحال",
        "answers": "الجواب",
        "rhythms": "الوتيرة",
        "speaking": "عمّ يتكلم العنوان",
        "export": "العمود",
        "report": "العمود",
        "articles": "ما في العمود",
    },
    last={
        "columns": "ما يُفعل به",
        "standings": "ما يصير إليه صاحبها",
        "answers": "ما يعنيه",
        "rhythms": "ما يصل القارئ",
        "speaking": "كيف تُقرأ خلاياه",
        "export": "ما فيه",
        "report": "ما يعدّه",
        "articles": "ما يُفعل به",
    },
    meanings={
        "columns": {
            "address": ("عنوان البريد", "العمود الوحيد الذي لا بد منه"),
            "vague": ("بريد، أو عنوان بيت", "هو البريد إن لم يكن في الملف عنوان من السطر السابق"),
            "rhythm": (
                "الوتيرة",
                "كم مرة تصله رسالة؛ وبدونه &lrm;`[lists.NAME] rhythm` أو &lrm;`[rhythms] default`",
            ),
            "agreed": ("يوم الموافقة", "يُكتب الوقت في سجل الموافقة"),
            "confirmed": ("يوم التأكيد", "كذلك: أنه أكّد برابط"),
            "network": ("عنوان الشبكة", "كذلك: من أين"),
            "page": ("الاستمارة أو الصفحة", "كذلك: أين"),
            "name": ("الاسم", "لا شيء، إلا إن قال &lrm;`--name-column`: لا تحمل الرسائل أسماء"),
            "topics": ("المواضيع", "لا شيء، إلا إن قال &lrm;`--topics-column`"),
        },
        "standings": {
            "confirmed": ("مشترك", "يُضاف وتصله الرسائل"),
            "pending": (
                "بانتظار التأكيد",
                "ينتظر ولا تصله رسالة، ويُنسى بعد &lrm;`[web] pending_days`",
            ),
            "left": ("غادر", "يُعرف بأنه غادر، فلا يعيده ملف بعده"),
            "suppressed": ("لا يُراسَل", "يُمنع العنوان: لا يُرسل إليه شيء بعد ذلك"),
        },
        "answers": {
            "yes": ("نعم", "في الموافقة: مشترك؛ في المغادرة: غادر؛ في المشكلات: لا يُراسَل"),
            "no": ("لا", "في الموافقة: غادر؛ في المغادرة والمشكلات: مشترك"),
        },
        "rhythms": {
            "instant": ("فورية", "كل مقال فور نشره"),
            "daily": ("يومية", "رسالة كل يوم"),
            "weekly": ("أسبوعية", "رسالة كل أسبوع"),
        },
        "speaking": {
            "state": ("حال القارئ", "كلمة من كلمات جدول الأحوال"),
            "leaving": ("المغادرة", "نعم أو لا أو يوم: فـ«نعم» واليوم غادر، و«لا» والخلية الفارغة لم يغادر"),
            "trouble": ("المشكلات", "كذلك: فـ«نعم» واليوم لا يُراسَل"),
            "consent": ("الموافقة", "نعم أو لا أو يوم؛ والخلية الفارغة ليست موافقة، ويبقى صفّها خارجًا"),
            "agreement": ("ربما الموافقة", "كذلك إن كانت خلاياه واضحة؛ وإلا فلا يُؤخذ منه شيء"),
        },
        "export": _untitled(_EXPORT_AR),
        "report": _untitled(_REPORT_AR),
        "articles": {
            "url": ("عنوان الصفحة", "تُجلب؛ وهو العمود الوحيد الذي لا بد منه"),
            "title": ("العنوان", "بدل عنوان الصفحة"),
            "section": ("القسم", "كذلك"),
            "summary": ("الملخص", "كذلك"),
            "author": ("الكاتب", "كذلك"),
        },
    },
)

WORDS: Mapping[str, PageTexts] = {"en": ENGLISH, "ar": ARABIC}
