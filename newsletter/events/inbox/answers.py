"""What somebody says in an answer to a letter: their own words, told from quoted ones, and whether it is yes (pure).

Only a plain yes counts, and nothing that may be anything else: a question, a refusal, the receipt of a help desk.
Words are compared folded: without vowel signs, tatweel and marks of direction, hamza taken off its carrier.
"""

from __future__ import annotations

import html as escaping
import re
import unicodedata

LONGEST_LINE = 1000

_TATWEEL = "\u0640"
_ALIKE = str.maketrans({"ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "’": "'", "ʼ": "'"})


def fold(text: str) -> str:
    """Text as it is compared: one form for every spelling of a word.

    Args:
        text: In any language. Its lines stay lines.
    """
    bare = "".join(
        sign
        for sign in unicodedata.normalize("NFKD", text)
        if sign != _TATWEEL and unicodedata.category(sign) not in {"Mn", "Cf"}
    )
    return bare.casefold().translate(_ALIKE)


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())


# A yes begins with one of these, and whatever else stands in its line is among the words below.
_YES = _words(
    "نعم أجل أيوه أيوا موافق موافقة أوافق أؤكد بالتأكيد yes yep yeah confirm confirmed agreed oui volontiers"
    " ja sí confirmo evet بله آری تایید כן מאשר מאשרת"
)
_WITH = _words(
    "نعم أجل موافق موافقة أوافق أؤكد بالتأكيد طبعا أكيد أنا أريد أريدها أرغب أود يسعدني في أن على هذا ذلك"
    " الاشتراك اشتراكي أشترك بالاشتراك النشرة نشرتكم بالنشرة القائمة الرسائل رسائلكم تصلني استلام من فضلك فضلكم"
    " لو سمحت سمحتم شكرا جزيلا لك لكم بكل سرور yes please i do want it to the a this that was me is my your you"
    " newsletter newsletters letter letters subscription subscribe confirm agree thanks thank very much many of"
    " course sure would like love with pleasure receive get and oui je j'accepte confirme veux voudrais"
    " souhaite accepte recevoir m'abonner m'inscrire mon abonnement l'abonnement à la le les lettre lettres"
    " infolettre vos votre merci beaucoup bien sûr s'il vous plaît te svp avec plaisir moi c'est ja bitte danke"
    " gerne ich möchte bestätige den das mein abonnement sí confirmo acepto quiero por favor gracias mi"
    " suscripción suscribirme recibir el boletín evet lütfen بله لطفا ممنون متشکرم تایید موافقم כן תודה בבקשה"
    " אני מאשר מאשרת רוצה"
)
# A yes only when nothing else is said at all: with more words they are often about something else.
_YES_ALONE = frozenset(
    fold(line) for line in ("ok", "okay", "i confirm", "i agree", "je confirme", "d'accord", "bien sûr", "de acuerdo")
)
_GREETING = _words(
    "hi hello dear good morning evening bonjour bonsoir salut hallo hola مرحبا أهلا وسهلا السلام عليكم ورحمة"
    " الله وبركاته تحية طيبة وبعد سلام שלום"
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

# Words with which an answer is no yes, wherever they stand in it; a star stands for any ending.
_NO = _words(
    "no not never nope none dont don't wont won't didn't doesn't isn't wasn't cannot can't stop* remov* delet*"
    " spam* cancel* unsubscri* block* abus* refus* reject* declin* mistake* error* wrong* who what why non pas"
    " jamais aucun* ne n'* arret* desabonn* desinscri* supprim* annul* retir* indesirable* erreur* pourquoi"
    " nein nicht kein* nie niemals abmeld* abbestell* losch* entfern* warum wer nunca elimin* borr* baja لا لم"
    " لن ليس* لست* كلا كفى مش مو موش مب مابي مابدي أوقف* إيقاف* وقف* توقف* إلغاء* الغوا* الغي* ألغ حذف* احذف*"
    " أزيل* أزل إزال* امسح* شيلو* أرفض* رفض* مزعج* خطأ بالخطأ سهوا حظر* لماذا ليش ماذا مين نه نمی* نخواه* لغو"
    " לא אל הסר* תסיר* בטל* לבטל מחק*"
)
_NO_WORDS = frozenset(word for word in _NO if not word.endswith("*"))
_NO_STEMS = tuple(sorted(word[:-1] for word in _NO if word.endswith("*")))
_ASKS = re.compile(r"[?\u061f]")

_QUOTED = re.compile(r"\s*>")
# The line that says who is quoted.
_ATTRIBUTION = re.compile(r"\s*(?:on|le|am|el|في|كتب|بتاريخ|در|בתאריך)\b.{5,200}:\s*", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"\s*(?:on|le|am|el|في|كتب|بتاريخ|در|בתאריך)\b", re.IGNORECASE)
_LINES_OF_ATTRIBUTION = 3
# From here on all is the letter that is answered, in no way marked as a quotation.
_UNMARKED = re.compile(r"\s*-{3,} ?\w|\s*_{5,}|\s*(?:from|من|المرسل|de|von|expéditeur)\s*:", re.IGNORECASE)
# The patterns below are held against folded lines.
_SIGNATURE = re.compile(
    r"\s*--(?!-)|\s*(?:disclaimer|confidentiality|avis de confidentialite|اخلاء مسووليه)\b"
    r"|.{0,60}\b(?:e-?mail|message|communication|courriel|رساله|الرساله|البريد)\b.{0,100}\b(?:confiden|سري)"
)
_OF_A_PROGRAM = re.compile(
    r"\s*(?:sent (?:from|with|via|using)|get outlook|envoye (?:de|depuis|a partir)|gesendet (?:von|mit)|von meinem"
    r"|enviado (?:desde|do)|ارسلت? (?:من|بواسطه|عبر)|تم الارسال من|مرسله? من)\b"
)
_LINK = re.compile(r"https?://\S+|[^\s@]{1,64}@\S{1,255}")


def own_words(text: str) -> str:
    """What a person wrote above, below and between the lines that they quote; no links, no signature.

    Args:
        text: Plain text of a message.
    """
    whole = [
        "".join(sign for sign in line[:LONGEST_LINE] if unicodedata.category(sign) != "Cf")
        for line in text.splitlines()
    ]
    last_quoted = max((number for number, line in enumerate(whole) if _QUOTED.match(line)), default=-1)
    lines: list[str] = []
    signed = False
    for number, line in enumerate(whole):
        if _QUOTED.match(line):
            _drop_attribution(lines)
            lines.append("")
            signed = False
        elif _UNMARKED.match(line) or (_ATTRIBUTION.fullmatch(line) and number > last_quoted):
            break
        elif _ATTRIBUTION.fullmatch(line):
            signed = False
        elif not signed:
            signed = _SIGNATURE.match(fold(line)) is not None
            if not signed and not _OF_A_PROGRAM.match(fold(line)):
                lines.append(_LINK.sub(" ", line))
    return "\n".join(lines).strip()


def _drop_attribution(lines: list[str]) -> None:
    """Take off the lines that say who is quoted, where a mail program broke them."""
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines or not lines[-1].rstrip().endswith(":"):
        return
    last = lines[-_LINES_OF_ATTRIBUTION:]
    begins = next((number for number in range(len(last), 0, -1) if _ATTRIBUTES.match(last[-number])), 1)
    del lines[-begins:]


def says_no(own: str) -> bool:
    """Whether somebody refuses or asks something, wherever in their words.

    Args:
        own: From ``own_words``.
    """
    folded = fold(own)
    return _ASKS.search(folded) is not None or any(_is_no(word) for word in _WORD.findall(folded))


def _is_no(word: str) -> bool:
    # "And" and "so" are written in one with the next word in Arabic.
    forms = (word, word[1:]) if word[0] in "وف" else (word,)
    return any(form in _NO_WORDS or form.startswith(_NO_STEMS) for form in forms)


def says_yes(own: str) -> bool:
    """Whether somebody begins with a plain yes, after a greeting perhaps, and neither refuses nor asks anything.

    Args:
        own: From ``own_words``.
    """
    if says_no(own):
        return False
    lines = [words for line in fold(own).splitlines() if (words := _without_greeting(_WORD.findall(line)))]
    if not lines:
        return False
    first, *more = lines
    if not more and " ".join(first) in _YES_ALONE:
        return True
    return first[0] in _YES and all(word in _WITH or word in _YES for word in first)


def _without_greeting(words: list[str]) -> list[str]:
    greeted = next((number for number, word in enumerate(words) if word not in _GREETING), len(words))
    return words[greeted:]


# ---- answers in HTML

_TAG = re.compile(
    r"<(/?)([a-z0-9]{1,20})\b([^<>]*)(?:>|\Z)|<!--.*?(?:-->|\Z)|<[^<>]*(?:>|\Z)", re.IGNORECASE | re.DOTALL
)
_BREAKS = frozenset({"br", "p", "div", "li", "tr", "blockquote"})
_UNSEEN = frozenset({"style", "script", "title", "head"})
_UNMARKED_HTML = re.compile(r"divRplyFwdMsg|appendonsend", re.IGNORECASE)


def plain(html: str) -> str:
    """The words of HTML with its quotations marked as in plain text, up to where a quotation begins that is not marked.

    Args:
        html: Of a message.
    """
    pieces: list[str] = []
    quoted, unseen, end = 0, "", 0
    for tag in _TAG.finditer(html):
        if not unseen:
            pieces.append(html[end : tag.start()].replace("\n", " "))
        end = tag.end()
        closes, name = tag[1] == "/", (tag[2] or "").lower()
        if unseen:
            unseen = "" if closes and name == unseen else unseen
        elif name in _UNSEEN:
            unseen = "" if closes else name
        elif not quoted and (name == "hr" or _UNMARKED_HTML.search(tag[3] or "")):
            return escaping.unescape("".join(pieces))
        else:
            if name == "blockquote":
                quoted = max(0, quoted - 1) if closes else quoted + 1
            pieces.append(("\n" + "> " * bool(quoted)) if name in _BREAKS else " ")
    return escaping.unescape("".join(pieces if unseen else [*pieces, html[end:].replace("\n", " ")]))
