"""What the grammar of each language lets us do with a headline: where a clause ends, how stories are counted.

These are rules of languages and no words of the letter, so they stand together here and in no catalogue. A language
that is not listed has no counting and no joining; its headlines are cut at a semicolon or a dash alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class LanguageRules:
    """The rules of one language; what is empty is not done in it."""

    commas: str = ""
    """Signs behind which, before a space, a new clause may begin."""
    adjuncts: re.Pattern[str] = _NEVER
    """What a statement can do without, from its first word on: it matches at the beginning of a word."""
    sticky: frozenset[str] = frozenset()
    """Words that an adjunct cannot be parted from: what stands before it."""
    bound: frozenset[str] = frozenset()
    """Words that deny, forbid, promise or tell what somebody says, and those of rank: when and why belong to it, and
    are not cut off ("the lowest since 1994" is not the lowest)."""
    dependent: frozenset[str] = frozenset()
    """First words of what is no sentence by itself."""
    hanging: frozenset[str] = frozenset()
    """Last words of what has not been said to its end."""
    relative: frozenset[str] = frozenset()
    """Words behind a comma that go on with what stands before it, and then come back to the sentence."""
    states: re.Pattern[str] = _NEVER
    """Found in words that say something, and not only name it."""
    verb: re.Pattern[str] = _NEVER
    """A verb at the beginning of what stands between two commas: its subject stands before."""
    numbers: tuple[str, ...] = ()
    """Three to ten, as they stand before the noun."""
    one: str = ""
    """One more story."""
    two: str = ""
    few: str = ""
    """``{n}`` more stories: from three to ten, and what else is counted so."""
    many: str = ""
    """``{n}`` more stories, of all other numbers."""
    all_few: str = ""
    """``{n}`` stories and no more than these."""
    also: str = ""
    """Two headlines in one line: ``{first}`` and ``{second}``."""
    more: str = ""
    """A headline and the count of the others: ``{first}`` and ``{count}``."""
    listing: str = ""
    """A count and what the stories are about: ``{count}`` and ``{topics}``."""
    last: str = ""
    """Between the last two of several topics; between the others stands ``between``."""
    between: str = ""
    script: re.Pattern[str] = _NEVER
    """What a headline must begin with to be joined to another one."""
    common: frozenset[str] = field(default=frozenset())
    """Words that may come twice: they carry nothing by themselves."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_AR_NOT_VERBS = (
    r"(?!(?:يوم|ياسمين|يافا|يمين|يسار|يمن|يونيو|يوليو|يناير|يابان|يد|يوسف|يحيى|يونس|ياسين|يورو|يقين|يتيم|يتامى|"
    r"تونس|تركيا|"
    r"تحت|تلك|تمور|تمر|تجار|تلاميذ|تاريخ|تين|تلال|تل|تربة|تبغ|تهم|تهمة|توت|تقرير|تعليم|تراث|ترام|تيار|توأم|تجربة|"
    r"تحديات|تحدي|تذاكر|تذكرة|توقيت|تأشيرات|تأشيرة|ترجمة|تهريب|تلوث|تنمية|تطبيق|تمويل|تأمين|تسع|تسعة|تسعين|"
    r"تسعون|تمام|تقنيات|تقنية)\b)"
)
_AR_PERFECT = (
    r"عاد|عادت|فاز|فازت|خسر|خسرت|أعلن|أعلنت|أغلق|أغلقت|فتح|فتحت|ارتفع|ارتفعت|انخفض|انخفضت|تراجع|تراجعت|بدأ|"
    r"بدأت|انتهى|انتهت|"
    r"توقف|توقفت|وصل|وصلت|غادر|غادرت|قتل|أصيب|توفي|توفيت|اختفى|اختفت|غرق|غرقت|نجا|نجت|استقال|استقالت|وقع|وقعت|"
    r"طالب|طالبت|"
    r"حذر|حذرت|رفض|رفضت|قرر|قررت|أطلق|أطلقت|افتتح|افتتحت|اعتقل|أوقف|أوقفت|عثر|نفى|نفت|أكد|أكدت|كشف|كشفت|صار|"
    r"صارت|أصبح|أصبحت|"
    r"بقي|بقيت|زاد|زادت|هبط|هبطت|قفز|قفزت|احترق|احترقت|اندلع|اندلعت|انقطع|انقطعت|حقق|حققت|سجل|سجلت|خرج|خرجت|"
    r"دخل|دخلت|عرف|غاب|غابت"
)
_AR_EVENTS = (
    r"ارتفاع|تراجع|انخفاض|افتتاح|إعادة|إغلاق|مقتل|إصابة|وفاة|انطلاق|بدء|عودة|اعتقال|توقيع|إطلاق|غلق|فتح|تعليق|"
    r"تأجيل|إلغاء|استقالة|"
    r"تعيين|فوز|خسارة|غرق|نجاة|اندلاع|انتشار|انقطاع|نقص|تسجيل|توقف|استئناف|انتخاب|العثور|الإفراج|توقيف|هدم|"
    r"بناء|وصول|رحيل|اختفاء|"
    r"احتراق|إضراب|احتجاج|زيادة|هبوط|تمديد|إنقاذ|ضبط|منع|رفع|خفض"
)
_ARABIC = LanguageRules(
    commas="،,",
    adjuncts=re.compile(
        r"(?:بعد|بعدما|قبل|رغم|وسط|إثر|عقب|بسبب|بينما|فيما|منذ|لكن|ولكن|خشية|احتجاج[اًا]{1,2}|تزامن[اًا]{1,2}|"
        r"استعداد[اًا]{1,2})\s"
        rf"|(?:وقد|وهو|وهي|وهم|ولم|ولن)\s|و(?:لا\s)?{_AR_NOT_VERBS}ي\w{{3,}}"
    ),
    sticky=_words(
        "ما من إلى حتى يوما يومًا يوماً عاما عامًا واحدا واحدًا شهرا شهرًا أسبوعا أسبوعًا مرة ليلة سنة جيلا جيلًا "
        "في هو هي قال قالت كما ماذا"
    ),
    bound=_words(
        "لا لن لم ما ليس ليست بلا بدون دون غير يقول تقول قال قالت يعد تعد وعد وعدت يهدد تهدد هدد هددت يشترط تشترط "
        "يمنع تمنع منع منعت يحظر تحظر حظر حظرت يرفض ترفض رفض رفضت ينفي تنفي نفى نفت يستبعد تستبعد "
        "أول أولى الأول الأولى آخر الأخير الأخيرة ثاني ثانية ثالث ثالثة الوحيد الوحيدة أكبر الأكبر أصغر الأصغر أعلى "
        "الأعلى أدنى الأدنى أسوأ الأسوأ أفضل الأفضل أحسن الأحسن أقوى الأقوى أضعف الأضعف أضخم الأضخم أكثر الأكثر أقل "
        "الأقل أطول الأطول أقصر الأقصر أغلى الأغلى أرخص الأرخص أهم الأهم أخطر الأخطر أعنف الأعنف أسرع الأسرع أبرد "
        "الأبرد أشد الأشد أقدم الأقدم أحدث الأحدث أغزر الأغزر أوسع الأوسع أبطأ الأبطأ"
    ),
    dependent=_words(
        "بعد بعدما قبل قبيل رغم بينما فيما عندما حين حينما إذا لو كلما منذ مع في من على عن إلى بسبب وسط إثر عقب "
        "لأن كي حتى"
        " الذي التي الذين بعدم خلال عبر بين أثناء بفضل نتيجة و لكن ولكن بل ثم أو"
    ),
    hanging=_words(
        "في من على عن إلى مع بين أن إن لأن بأن التي الذي الذين هذا هذه ذلك تلك و أو ثم قد لم لن لا سوف كل بعض أي "
        "غير دون بلا"
        " قال قالت أكد أكدت أعلن أعلنت أول آخر ثاني أكثر أقل نحو حول ضد لدى عند خلال منذ بعد قبل هل ما كيف لماذا "
        "ليس ليست كان كانت"
        " رئيس وزير وزيرة مدير مدينة بلدية قرية منطقة حي شارع مجلس وزارة شركة"
    ),
    relative=_words("الذي التي الذين اللذان اللتان اللواتي وهو وهي"),
    states=re.compile(
        rf"(?:^|\s)(?:س)?{_AR_NOT_VERBS}[يت]\w{{2,}}|(?:^|\s)(?:{_AR_PERFECT})(?:\s|$)|^(?:{_AR_EVENTS})(?:\s|$)|"
        rf"^لا\s|(?:^|\s)(?:لن|لم|بلا|بدون|ليس|ليست)\s"
    ),
    verb=re.compile(rf"(?:س)?{_AR_NOT_VERBS}[يت]\w{{2,}}|(?:{_AR_PERFECT})(?:\s|$)"),
    numbers=("ثلاث", "أربع", "خمس", "ست", "سبع", "ثماني", "تسع", "عشر"),
    one="قصة أخرى",
    two="قصتان أخريان",
    few="{n} قصص أخرى",
    many="{n} قصة أخرى",
    all_few="{n} قصص",
    also="{first}، وأيضًا: {second}",
    more="{first}، و{count}",
    listing="{count} في هذا العدد: {topics}",
    between=" و",
    last=" و",
    script=re.compile(r"[\u0621-\u064a]"),
    common=_words(
        "في من على عن إلى الى أن إن أو ما لا مع بعد قبل هذا هذه ذلك تلك التي الذي الذين كان كانت قد لم لن ثم حتى "
        "كل بين عند حول خلال"
        " منذ هو هي هم به بها له لها فيه فيها منه منها عليه غير ضد نحو لدى عبر ولا وفي ومن وعلى هل كيف لماذا أيضا "
        "ليس بلا كما لكن"
    ),
)
_EN_VERBS = (
    r"rises?|rose|falls?|fell|returns?|returned|opens?|opened|reopens?|reopened|closes?|closed|wins?|won|"
    r"loses?|lost|says?|said|warns?|warned|"
    r"calls?|called|asks?|asked|begins?|began|ends?|ended|faces?|faced|fears?|hits?|backs?|backed|plans?|"
    r"planned|grows?|grew|"
    r"is|are|was|were|will|has|have|had|can|could|may|must|should|does|do|did|goes|go|went|comes?|came|gets?|"
    r"got|takes?|took|makes?|made|"
    r"finds?|found|leaves?|left|keeps?|kept|stays?|stayed|starts?|started|stops?|stopped|moves?|moved|drops?|"
    r"dropped|climbs?|climbed|"
    r"shuts?|bans?|banned|votes?|voted|elects?|elected|names?|named|joins?|joined|quits?|resigns?|resigned|dies|died|"
    r"kills?|killed|burns?|burned|floods?|flooded|runs?|ran|sells?|sold|buys?|bought|builds?|built|cuts?|"
    r"raises?|raised|"
    r"lowers?|lowered|delays?|delayed|cancels?|cancelled|approves?|approved|rejects?|rejected|launches|launch|launched|"
    r"publishes|publish|published|reveals?|revealed|shows?|showed|tells?|told|learns?|learned|fights?|fought|"
    r"struggles?|"
    r"wait|waits|waited|need|needs|needed|want|wants|wanted|teach|teaches|taught|bring|brings|brought|gives?|"
    r"gave|plants?|planted|"
    r"digs?|dug|sails?|sailed|spreads?|becomes?|became|turns?|turned|saves?|saved|rescues?|rescued|finish|"
    r"finishes|finished"
)
_ENGLISH = LanguageRules(
    commas=",",
    adjuncts=re.compile(
        r"(?:after|before|despite|amid|because|while|following|although|though|when|since)\s", re.IGNORECASE
    ),
    sticky=_words(
        "look looks looked named shortly soon day days year years hour hours week weeks month months and or even "
        "long just"
        " ever so such known much well same be is are was were"
    ),
    bound=_words(
        "no not never nobody none without don't won't can't cannot isn't aren't doesn't nothing neither says say"
        " said vows vowed promises promised threatens threatened bans banned forbids refuses refused rejects rejected"
        " denies denied first last second third only most least best worst fewest lowest highest biggest largest"
        " smallest longest shortest oldest youngest hottest coldest wettest driest deadliest fastest slowest"
        " strongest weakest heaviest richest poorest cheapest earliest latest greatest busiest"
    ),
    dependent=_words(
        "after before despite amid because while following although though but and as when since with if where "
        "which who"
        " that in on at by for from of to during under without unless until"
    ),
    hanging=_words(
        "the a an of in on at by for from to with and or but as is are was were will has have had can that which "
        "who its"
        " their his her my our your this these those not no be than then into over under between very more most"
    ),
    relative=_words("who which whose where whom"),
    states=re.compile(rf"\b(?:{_EN_VERBS})\b", re.IGNORECASE),
    verb=re.compile(rf"(?:{_EN_VERBS})\b", re.IGNORECASE),
    numbers=("three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    one="one more story",
    two="two more stories",
    few="{n} more stories",
    many="{n} more stories",
    all_few="{n} stories",
    also="{first}; also: {second}",
    more="{first}, and {count}",
    listing="{count} in this issue: {topics}",
    between=", ",
    last=" and ",
    script=re.compile(r"\w"),
    common=_words(
        "the a an of in on at by for from to with and or but as is are was were will has have had can that which "
        "who it its"
        " their his her my our your this these those not no be than then into over under after before more also "
        "new how why"
        " what when where one two three four five six seven eight nine ten do does did s"
    ),
)
_FA_VERB = (
    r"(?:می‌\w+|نمی‌\w+|شد|شدند|نشد|کرد|کردند|نکرد|است|نیست|هستند|نیستند|بود|بودند|رفت|رفتند|یافت|یافتند|داد|"
    r"دادند|گرفت|گرفتند|آمد|آمدند|"
    r"ماند|ماندند|رسید|رسیدند|بازگشت|بازگشتند|گشود|گشودند|دارد|دارند|ندارد|ندارند|خواهد شد|خواهند شد|زد|زدند|"
    r"گفت|گفتند|باخت|برد|بردند)"
)
_PERSIAN = LanguageRules(
    commas="،",
    dependent=_words("پس با به در بعد قبل پیش اگر وقتی هنگامی چون زیرا که از برای بدون تا ولی اما و یا هرچند"),
    hanging=_words("را از به در با که و یا تا برای بر این آن یک هر"),
    relative=_words("که"),
    # The verb ends a sentence: what does not end in one is none.
    states=re.compile(rf"(?:^|\s){_FA_VERB}$"),
    verb=re.compile(rf"{_FA_VERB}(?:\s|$)"),
    numbers=("سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده"),
    one="یک گزارش دیگر",
    two="دو گزارش دیگر",
    few="{n} گزارش دیگر",
    many="{n} گزارش دیگر",
    all_few="{n} گزارش",
    also="{first}؛ همچنین {second}",
    more="{first}، و {count}",
    listing="{count} در این شماره: {topics}",
    between="، ",
    last=" و ",
    script=re.compile(r"[\u0621-\u064a\u067e\u0686\u0698\u06a9\u06af\u06cc]"),
    common=_words("که را از به در با این آن است شد برای های می و یا تا بر هم نیز همچنین یک دو سه شماره هر چه چرا"),
)
_HE_VERBS = (
    r"חוזר|חוזרת|חוזרים|חזר|חזרה|חזרו|נפתח|נפתחת|נפתחים|נפתחו|נפתחה|פותח|פותחת|פותחים|נסגר|נסגרת|נסגרו|נסגרה|"
    r"עולה|עולים|עלה|עלתה|עלו|"
    r"יורד|יורדת|יורדים|ירד|ירדה|ירדו|ניצח|ניצחה|הפסיד|הפסידה|אומר|אומרת|אומרים|מבקש|מבקשת|מבקשים|מזהיר|מזהירה|"
    r"מזהירים|מתחיל|מתחילה|"
    r"מתחילים|התחיל|התחילה|נשאר|נשארת|נשארו|יוצא|יוצאת|יוצאים|יצא|יצאה|יצאו|קונים|מוכרים|בונים|בונה|נבחר|נבחרה|"
    r"פרש|פרשה|מת|מתה|"
    r"נמצא|נמצאה|נמצאו|הוצג|הוצגה|יהיה|תהיה|יהיו|אין|יש|לא|מחכים|מחכה|דורשים|דורשת|מלמדת|מלמד|שותלים|נעלם|נעלמו|נעלמה"
)
_HEBREW = LanguageRules(
    commas=",",
    adjuncts=re.compile(r"(?:אחרי|לאחר|למרות|בגלל|בעקבות|בעוד|לפני|אבל|אך)\s"),
    sticky=_words("יום שנה שבוע חודש מיד זמן קצר רגע שנים ימים גם רק של את"),
    bound=_words(
        "לא אין בלי ללא אף אומר אומרת אומרים מבטיח מבטיחה אוסר אוסרת אוסרים מסרב מסרבת מסרבים מכחיש מכחישה "
        "ביותר ראשון ראשונה הראשון הראשונה אחרון אחרונה האחרון האחרונה היחיד היחידה שני שנייה"
    ),
    dependent=_words("אחרי לאחר למרות בגלל בעקבות בעוד לפני אבל אך אם כאשר כש מאז עם על אל מן בין תוך של"),
    hanging=_words("של את על אל עם מן בין כי או אם לא אין יש זה זו הוא היא גם רק כל עוד אחרי לפני"),
    relative=_words("אשר"),
    states=re.compile(rf"(?:^|\s)(?:{_HE_VERBS})(?:\s|$)"),
    verb=re.compile(rf"(?:{_HE_VERBS})(?:\s|$)"),
    numbers=("שלוש", "ארבע", "חמש", "שש", "שבע", "שמונה", "תשע", "עשר"),
    one="עוד כתבה אחת",
    two="שתי כתבות נוספות",
    few="{n} כתבות נוספות",
    many="{n} כתבות נוספות",
    all_few="{n} כתבות",
    also="{first}; וגם: {second}",
    more="{first}, ו{count}",
    listing="{count} בגיליון: {topics}",
    between=", ",
    last=" ו",
    script=re.compile(r"[\u05d0-\u05ea]"),
    common=_words("של את על אל עם מן בין כי או אם לא אין יש זה זו הוא היא גם רק כל עוד אחרי לפני מה איך למה"),
)
_FRENCH = LanguageRules(
    numbers=("trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"),
    one="un autre article",
    two="deux autres articles",
    few="{n} autres articles",
    many="{n} autres articles",
    all_few="{n} articles",
    also="{first} ; aussi : {second}",
    more="{first}, et {count}",
    listing="{count} dans ce numéro : {topics}",
    between=", ",
    last=" et ",
    script=re.compile(r"\w"),
    common=_words(
        "le la les l d de des du un une et ou en à au aux dans sur pour par avec sans ce cette ces son sa ses qui "
        "que est"
        " sont a ont ne pas plus après avant autre autres article articles aussi"
    ),
)
_ALL: Mapping[str, LanguageRules] = {
    "ar": _ARABIC,
    "en": _ENGLISH,
    "fa": _PERSIAN,
    "he": _HEBREW,
    "fr": _FRENCH,
}


def rules_of(language: str) -> LanguageRules:
    """The rules of a language; those of none where it is not known.

    Args:
        language: A tag such as ``ar`` or ``pt-BR``.
    """
    return _ALL.get(language.replace("_", "-").split("-")[0], LanguageRules())
