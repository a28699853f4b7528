"""Lists of links that an editor keeps: CSV and JSON with headers in Arabic or English, or one address a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping

from newsletter.errors import SourceError
from newsletter.sources.charset import decode
from newsletter.sources.documents import ArticleFilter, Document, ListedLink, SourceResult
from newsletter.sources.links import absolute, is_web
from newsletter.text.tidy import arabic_fold, tidy

_COLUMNS = {
    arabic_fold(name): field
    for field, names in {
        "url": ("url", "link", "address", "الرابط", "رابط", "العنوان الإلكتروني", "lien", "href"),
        "title": ("title", "headline", "العنوان", "عنوان", "titre"),
        "section": ("section", "category", "القسم", "قسم", "الباب", "التصنيف", "rubrique"),
        "summary": ("summary", "description", "الملخص", "ملخص", "النبذة", "résumé"),
        "author": ("author", "الكاتب", "كاتب", "بقلم", "auteur"),
    }.items()
    for name in names
}
_DELIMITERS = (",", ";", "\t", "؛", "|")
_MOST = 1000


def looks_like(data: bytes, suffix: str) -> bool:
    """Say whether a file is a list of links.

    Args:
        data: The file.
        suffix: Its suffix, in lower case with the point.
    """
    if suffix in (".csv", ".tsv"):
        return True
    text = decode(data[:65_536]).strip()
    if suffix == ".json":
        return text.startswith("[") and "http" in text
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return suffix in ("", ".txt", ".text") and bool(lines) and all(is_web(line) and " " not in line for line in lines)


def holds(document: Document) -> bool:
    """Say whether a document is a list of links.

    Args:
        document: Any document.
    """
    return looks_like(document.data, document.suffix)


def read(document: Document, _wanted: ArticleFilter) -> SourceResult:
    """Read which links a list names; they are still to be read themselves.

    Args:
        document: The list.
        _wanted: Not needed: it applies to what the links bring.

    Raises:
        SourceError: No line of it names an address, or a line names something that is none.
    """
    return SourceResult(links=tuple(parse(document.data, document.where)))


def parse(data: bytes, where: str) -> list[ListedLink]:
    """Read a list of links.

    Args:
        data: The file, in UTF-8, UTF-16 or an Arabic code page.
        where: Its path, for messages.

    Raises:
        SourceError: No line of it names an address, or a line names something that is none.
    """
    text = decode(data).lstrip("\ufeff")
    if not text.strip():
        raise SourceError("the file is empty", where=where, mend="write one address a line")
    rows = _json_rows(text, where) if text.lstrip().startswith("[") else _csv_rows(text, where)
    links = [_link(row, line, where) for line, row in rows if any(row.values())]
    if not links:
        raise SourceError("the list names no address", where=where, mend="write one address a line")
    return links[:_MOST]


def _link(row: Mapping[str, str], line: int, where: str) -> ListedLink:
    url = absolute("", row.get("url", ""))
    if not url:
        raise SourceError(
            f"{row.get('url') or 'nothing'!r} is no web address",
            where=f"{where}:{line}",
            mend="write it out, beginning with https://",
        )
    title, section, summary, author = (tidy(row.get(name, "")) for name in ("title", "section", "summary", "author"))
    return ListedLink(url, title, section, summary, author, line)


def _csv_rows(text: str, where: str) -> list[tuple[int, dict[str, str]]]:
    """Rows by our column names; a list without a header is one of addresses only."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if is_web(first.strip().strip('"')) or first.lstrip().startswith("#"):
        lines = ((number, line.strip().strip('",;')) for number, line in enumerate(text.splitlines(), start=1))
        return [(number, {"url": line}) for number, line in lines if line and not line.startswith("#")]
    delimiter = max(_DELIMITERS, key=first.count)
    header = [_COLUMNS.get(arabic_fold(name), "") for name in next(csv.reader([first], delimiter=delimiter))]
    if "url" not in header:
        raise SourceError(
            "its first line names no column with addresses", where=f"{where}:1", mend="name one of them url or الرابط"
        )
    if len(header) == 1:  # addresses hold commas too
        lines = ((number, line.strip().strip('"')) for number, line in enumerate(text.splitlines(), start=1))
        return [(number, {"url": line}) for number, line in lines if line][1:]
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        for row in reader:
            cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if name}
            rows.append((reader.line_num, cells))
    except csv.Error as error:
        place = f"{where}:{reader.line_num}"
        raise SourceError(f"the line cannot be read: {error}", where=place, mend="check its quotes") from None
    return [row for row in rows[:_MOST] if any(row[1].values())][1:]


def _json_rows(text: str, where: str) -> list[tuple[int, dict[str, str]]]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise SourceError(
            "this is no JSON that can be read", where=f"{where}:{line}", mend="check its commas"
        ) from None
    rows: list[tuple[int, dict[str, str]]] = []
    for number, value in enumerate(values[:_MOST], start=1):
        if isinstance(value, str):
            rows.append((number, {"url": value}))
        elif isinstance(value, dict):
            named = {_COLUMNS.get(arabic_fold(str(key)), ""): each for key, each in value.items()}
            rows.append((number, {name: each for name, each in named.items() if name and isinstance(each, str)}))
    return rows
