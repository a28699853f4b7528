"""JSON-LD of a page: the node that describes its article, and what it says (schema.org)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from newsletter.sources.clean import plain
from newsletter.sources.page import lenient

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_ARTICLES = frozenset(
    {
        *(
            "newsarticle",
            "article",
            "blogposting",
            "reportagenewsarticle",
            "opinionnewsarticle",
            "report",
            "reviewnewsarticle",
        ),
        *("analysisnewsarticle", "backgroundnewsarticle", "liveblogposting", "socialmediaposting", "scholarlyarticle"),
    }
)
_MOST_NODES = 2000


@dataclass(frozen=True, slots=True)
class LinkedData:
    """The article node of a page's JSON-LD, with names already looked up where it points to other nodes."""

    article: Mapping[str, Any] = field(default_factory=dict)
    authors: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    breadcrumbs: tuple[str, ...] = ()
    """Names between the front page and the article."""

    @classmethod
    def of(cls, root: HtmlElement) -> LinkedData:
        """Read it; a page without JSON-LD, or with JSON that cannot be read, gives an empty one.

        Args:
            root: The page.
        """
        nodes = list(_nodes(root))
        by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
        articles = [
            node for node in nodes if _types(node) & _ARTICLES and isinstance(node.get("headline"), (str, dict, list))
        ]
        article: Mapping[str, Any] = articles[0] if articles else {}
        if not article:
            article = next((node for node in nodes if _types(node) & {"webpage"} and "datePublished" in node), {})
        organisations = (node for node in nodes if _types(node) & {"organization", "newsmediaorganization", "website"})
        return cls(
            article=article,
            authors=tuple(_names(article.get("author"), by_id)) or tuple(_names(article.get("creator"), by_id)),
            publishers=(
                *_names(article.get("publisher"), by_id),
                *(n for each in organisations for n in _names(each, {})),
            ),
            images=tuple(_addresses(article.get("image"), by_id))
            or tuple(_addresses(article.get("thumbnailUrl"), by_id)),
            sections=tuple(_strings(article.get("articleSection"))),
            breadcrumbs=_breadcrumbs(nodes),
        )

    def text(self, key: str) -> str:
        """A plain text value of the article, or nothing.

        Args:
            key: Property, for example ``headline``.
        """
        value = self.article.get(key)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("@value")
        if isinstance(value, (int, float)) and not isinstance(value, bool):  # a date in seconds since 1970
            return str(value)
        return value if isinstance(value, str) else ""


def _nodes(root: HtmlElement) -> Iterator[dict[str, Any]]:
    seen = 0
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        pending: list[Any] = lenient.values(script.text or "")
        while pending and seen < _MOST_NODES:
            value = pending.pop(0)
            if isinstance(value, list):
                pending[:0] = value[:_MOST_NODES]
            elif isinstance(value, dict):
                seen += 1
                yield value
                pending += [
                    value[key]
                    for key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement")
                    if key in value
                ]


def _types(node: Mapping[str, Any]) -> set[str]:
    return {name.rpartition("/")[2].lower() for name in _strings(node.get("@type"))}


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _names(value: Any, by_id: Mapping[str, Any]) -> Iterator[str]:
    """Names of people or organisations, given as text, node, reference or a list of them."""
    for each in value[:20] if isinstance(value, list) else [value]:
        node = each
        if isinstance(node, dict) and not node.get("name") and node.get("@id") in by_id:
            node = by_id[node["@id"]]
        name = node.get("name") if isinstance(node, dict) else node
        yield from (plain(text) for text in _strings(name) if text.strip())


def _addresses(value: Any, by_id: Mapping[str, Any]) -> Iterator[str]:
    for each in value[:20] if isinstance(value, list) else [value]:
        node = each
        if isinstance(node, dict) and not node.get("url") and node.get("@id") in by_id:
            node = by_id[node["@id"]]
        if isinstance(node, dict):
            node = node.get("url") or node.get("contentUrl")
        yield from _strings(node)


def _breadcrumbs(nodes: list[dict[str, Any]]) -> tuple[str, ...]:
    """Names of a breadcrumb list, without its first (the front page) and last (the article)."""
    for node in nodes:
        if _types(node) & {"breadcrumblist"} and isinstance(node.get("itemListElement"), list):
            steps = [each for each in node["itemListElement"] if isinstance(each, dict)]
            names = [name for each in steps for name in (*_names(each, {}), *_names(each.get("item"), {}))[:1]]
            return tuple(names[1:-1])
    return ()
