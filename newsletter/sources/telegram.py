"""The export of a Telegram channel (``result.json`` of Telegram Desktop): every post with words becomes an article.

The form is that of Telegram Desktop's own writer, github.com/telegramdesktop/tdesktop,
Telegram/SourceFiles/export/output/export_output_json.cpp. What surprises in it: ``text`` is a text or a list of texts
and parts with a type, ``text_entities`` always a list of parts; ``date`` is local to the computer that exported, only
``date_unixtime`` is exact; a picture that was not exported has a sentence in brackets for a path; control characters
are written as ``\\x1F``, which is no JSON; and the channel's public name stands nowhere.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import when
from newsletter.sources.charset import decode
from newsletter.sources.clean import clean, paragraphs
from newsletter.sources.clean.boilerplate import author_name, section_name
from newsletter.sources.documents import ArticleFilter, Document, Refusal, SourceResult
from newsletter.sources.links import absolute, host, is_web
from newsletter.text.tidy import arabic_fold, summary, tidy

_HEAD = 4096
_CHANNEL = re.compile(r'"messages"\s*:\s*\[')
_ACCOUNT = re.compile(r'"(?:personal_information|profile_pictures|chats|left_chats)"\s*:\s*[{\[]')
_HEX_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9A-Fa-f]{2})")
_USERNAME = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})")
_PICTURE = re.compile(r"[^()]+\.(?:jpe?g|png|gif|webp)", re.IGNORECASE)
_NO_WORD = re.compile(r"[\W_]*")
_MARK = re.compile(r"\s*[|:\-–—]\s*")
_LONGEST_HEADLINE = 160
"""Characters; Telegram allows 4096 in one line, and such a line is a paragraph."""
_ELEMENTS = {"bold": "strong", "italic": "em", "underline": "u"}
_URGENT = frozenset(map(arabic_fold, ("عاجل", "خبر عاجل", "هام", "متابعة", "breaking", "urgent")))
"""Labels that say how new a post is, not what it is about."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a post in one style, without a line break."""

    kind: str
    text: str
    href: str = ""


_Line = list[_Part]


def holds(document: Document) -> bool:
    """Say whether a document begins as the export of a channel, a chat or a whole account does.

    Args:
        document: Any document.
    """
    head = decode(document.data[:_HEAD]).lstrip("\ufeff \t\r\n")
    if not head.startswith("{"):
        return False
    is_chat = bool(_CHANNEL.search(head)) and '"type"' in head
    return is_chat or (head[1:].lstrip().startswith('"about"') and bool(_ACCOUNT.search(head)))


def read(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read the posts of a channel, newest first: the first line is the headline, the rest the body.

    Lines of hashtags are taken for labels: the first that names a subject is the section, the others are tags. A post
    has an address when the channel's public name is known: by the name of the file (``@name.json``) or a key
    ``username`` in it. Without one it is known by the numbers of channel and post, and stands whole in a letter.

    Args:
        document: The export.
        wanted: Which posts.

    Raises:
        SourceError: It cannot be read, is no channel's, or has no post with words.
    """
    export = _json(decode(document.data, document.charset), document.where)
    messages = _messages(export, document.where)
    left_out: Counter[str] = Counter()
    found: list[Article] = []
    for message in reversed(messages):
        article = _article(message, export, document, wanted, left_out)
        if article is not None:
            found.append(article)
    if not found:
        raise SourceError(
            "the channel has no post with words", where=document.where, mend="choose other days when you export it"
        )
    notes = []
    if left_out:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(left_out.items()))
        notes.append(f"{document.where}: messages left out: {left_out.total()} ({reasons})")
    kept, left = wanted.chosen(found, wanted.limit(document))
    if not kept:
        notes.append(f"{document.where}: nothing was published in the time asked for")
    refused = [Refusal(f"{count} messages", reason) for reason, count in sorted(left_out.items())]
    return SourceResult(tuple(kept), tuple(notes), refused=(*refused, *left))


def _json(text: str, where: str) -> Mapping[str, Any]:
    text = text.lstrip("\ufeff")
    for candidate in (text, _HEX_ESCAPE.sub(r"\1\\u00\2", text)):
        try:
            export = json.loads(candidate, strict=False)
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", 1)
            continue
        return export if isinstance(export, dict) else {}
    raise SourceError(
        "this export of Telegram is cut off or damaged", where=f"{where}:{line}", mend="export the channel again"
    )


def _messages(export: Mapping[str, Any], where: str) -> Sequence[Any]:
    messages, kind = export.get("messages"), export.get("type")
    mend = "in Telegram Desktop, open the channel, then: Export chat history, format JSON"
    if not isinstance(messages, list):
        raise SourceError("this is the export of a whole account, not of one channel", where=where, mend=mend)
    if not (isinstance(kind, str) and kind.endswith("_channel")):
        words = kind.replace("_", " ") if isinstance(kind, str) and re.fullmatch("[a-z_]{1,40}", kind) else "chat"
        raise SourceError(f"this is the export of a {words}, not of a channel", where=where, mend=mend)
    return messages


def _article(
    message: Any, export: Mapping[str, Any], document: Document, wanted: ArticleFilter, left_out: Counter[str]
) -> Article | None:
    """One message as an article; None, and a count more, for one that is none."""
    if not isinstance(message, dict) or message.get("type") not in ("message", "service"):
        left_out["not understood"] += 1
        return None
    if message["type"] == "service":
        left_out["about the channel itself"] += 1
        return None
    lines, labels = _labelled(list(_lines(message)))
    title, body, links = _headline_and_body(lines)
    if not title:
        left_out["polls" if "poll" in message else "without words"] += 1
        return None
    hashtags = [tidy(_unhashed(part.text)) for line in lines for part in line if part.kind == "hashtag"]
    section = section_name([label for label in labels if arabic_fold(label) not in _URGENT])
    photo = message.get("photo")
    return Article(
        title=title,
        url=_address(message, export, document),
        summary=summary("\n".join(paragraphs(body, headings=False))),
        body=body + links,
        image=document.picture(photo, within=True) if isinstance(photo, str) and _PICTURE.fullmatch(photo) else "",
        author=author_name(_text(message, "author") or _text(message, "forwarded_from")),
        section=section,
        published=_published(message, wanted),
        source=document.where,
        tags=tuple(tag for tag in dict.fromkeys([*labels, *hashtags]) if tag and tag != section),
        identities=_identities(message, export),
    )


# Words


def _lines(message: Mapping[str, Any]) -> Iterator[_Line]:
    """The lines of a post, each with its parts."""
    parts = message.get("text_entities") or message.get("text")
    line: _Line = []
    for each in parts if isinstance(parts, list) else [parts]:
        holder = each if isinstance(each, dict) else {"type": "plain", "text": each}
        first, *others = _text(holder, "text").replace("\r\n", "\n").split("\n")
        kind, href = _text(holder, "type"), _text(holder, "href")
        line.append(_Part(kind, first, href))
        for other in others:
            yield line
            line = [_Part(kind, other, href)]
    yield line


def _labelled(lines: Sequence[_Line]) -> tuple[list[_Line], list[str]]:
    """The lines with words, and the hashtags that label the post: those of a line of their own, or before a ``|``."""
    kept: list[_Line] = []
    labels: list[str] = []
    for whole in lines:
        mark = 0 if kept else _mark_after_labels(whole)
        labels += [_unhashed(part.text) for part in whole[:mark] if part.kind == "hashtag"]
        line = whole[mark:]
        if mark:
            line[0] = _Part(line[0].kind, _MARK.sub("", line[0].text, count=1), line[0].href)
        words = [part for part in line if not _NO_WORD.fullmatch(part.text)]
        if words and all(part.kind == "hashtag" for part in words):
            labels += [_unhashed(part.text) for part in words]
        elif words:
            kept.append(line)
    return kept, [label for label in map(tidy, labels) if label]


def _mark_after_labels(line: _Line) -> int:
    """Where the part stands that begins with the mark between the labels of a headline and its words; 0 if none."""
    for at, part in enumerate(line):
        if part.kind == "hashtag":
            continue
        if _MARK.match(part.text) and any(before.kind == "hashtag" for before in line[:at]):
            return at
        if not _NO_WORD.fullmatch(part.text):
            return 0
    return 0


def _headline_and_body(lines: Sequence[_Line]) -> tuple[str, str, str]:
    """The headline as plain text, the body, and paragraphs with what the headline leads to."""
    if not lines:
        return "", "", ""
    title = tidy("".join(map(_words, lines[0])))
    if len(title) > _LONGEST_HEADLINE:
        return summary(title, least=20, most=80), clean("".join(map(_paragraph, lines))), ""
    body = clean("".join(map(_paragraph, lines[1:])))
    targets = [target for target in map(_target, lines[0]) if target and f'"{html.escape(target)}"' not in body]
    links = "".join(f'<p><a href="{html.escape(target)}">{host(target)}</a></p>' for target in dict.fromkeys(targets))
    return title, body, clean(links)


def _paragraph(line: _Line) -> str:
    inner = "".join(map(_markup, line))
    is_quoted = all(part.kind == "blockquote" for part in line if part.text.strip())
    return f"<blockquote><p>{inner}</p></blockquote>" if is_quoted else f"<p>{inner}</p>"


def _markup(part: _Part) -> str:
    words = html.escape(_words(part), quote=False)
    if target := _target(part):
        return f'<a href="{html.escape(target)}">{words}</a>'
    element = _ELEMENTS.get(part.kind)
    return f"<{element}>{words}</{element}>" if element else words


def _words(part: _Part) -> str:
    return _unhashed(part.text) if part.kind == "hashtag" else part.text


def _unhashed(text: str) -> str:
    """A hashtag as words: nothing can be touched in a letter to search for it."""
    return text.removeprefix("#").replace("_", " ")


def _target(part: _Part) -> str:
    """Address that a part leads to, or empty."""
    text = part.text.strip()
    if part.kind == "text_link":
        return absolute("", part.href)
    if part.kind == "link":
        return absolute("", text if is_web(text) else f"https://{text}")
    if part.kind == "mention" and (name := _USERNAME.fullmatch(text)):
        return f"https://t.me/{name[1]}"
    return ""


# What else is known of a post


def _address(message: Mapping[str, Any], export: Mapping[str, Any], document: Document) -> str:
    named = document.name if document.name.startswith("@") else ""
    username = _USERNAME.fullmatch(_text(export, "username") or named)
    number = _number(message.get("id"))
    return f"https://t.me/{username[1]}/{number}" if username and number else ""


def _identities(message: Mapping[str, Any], export: Mapping[str, Any]) -> tuple[str, ...]:
    channel, number = _number(export.get("id")), _number(message.get("id"))
    return (f"telegram:{channel}/{number}",) if channel and number else ()


def _published(message: Mapping[str, Any], wanted: ArticleFilter) -> datetime | None:
    seconds = str(message.get("date_unixtime") or "")
    if re.fullmatch(r"\d{1,11}", seconds, re.ASCII):
        moment = datetime.fromtimestamp(int(seconds), UTC)
        return moment.astimezone(wanted.zone) if when.is_believable(moment, wanted.now) else None
    return when.parse(_text(message, "date"), now=wanted.now, zone=wanted.zone)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63 else 0


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""
