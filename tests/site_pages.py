"""The documents as a site: ``make site``, or ``python tests/site_pages.py [FOLDER]``.

docs/en and docs/ar become two halves of one folder, built by zensical (MIT, https://zensical.org), with a page of ours
before them. What zensical reads are copies in a folder of their own, written as its Markdown (Python-Markdown) wants
them: documents are written as GitHub reads them (CommonMark, with tables). Links that leave a half lead into the other
half, or are left as the path of a file that is not part of the site.

The navigation of a half is its index.md: headings are groups, the links of their lists are pages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import tomlkit
from command import ROOT
from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCS = ROOT / "docs"
MADE_OF = DOCS / "site"
"""The settings, the stylesheet and the templates of the site."""
INDEX = "index.md"
LINK = re.compile(r"(?<!\\)\[(?P<text>(?:[^][`]|`[^`]*`|\[[^]]*\])*)\]\((?P<target>[^()\s]+)\)")
SHORT = re.compile(r"<code>((?:[^<&]|&\w+;){1,28})</code>")
"""Code in a line that fits into one on a telephone."""
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)


class Broken(Exception):
    """The site cannot be built; the words say why."""


@dataclass(frozen=True)
class Half:
    """The pages of one language."""

    language: str
    direction: str
    name: str
    to_light: str
    to_dark: str
    to_system: str

    @property
    def folder(self) -> Path:
        return DOCS / self.language

    @property
    def pages(self) -> list[str]:
        """Their names, such as ``moving.md``."""
        return sorted(path.name for path in self.folder.glob("*.md"))


ENGLISH = Half("en", "ltr", "Nashra", "Light", "Dark", "As the system is")
ARABIC = Half("ar", "rtl", "نشرة", "فاتح", "داكن", "كما النظام")
HALVES = (ENGLISH, ARABIC)


@dataclass(frozen=True)
class Group:
    """Pages that belong together, as an index.md has them."""

    title: str
    pages: dict[str, str]
    """What the navigation calls each, by its file."""


def parsed(text: str) -> list[Token]:
    """A document as GitHub reads it."""
    return MarkdownIt("gfm-like", {"linkify": False}).parse(text)


def targets(path: Path) -> list[str]:
    """Where the links and pictures of a document lead."""
    found: list[str] = []
    for token in parsed(path.read_text("utf-8")):
        for part in token.children or []:
            if part.type in ("link_open", "image"):
                found.append(unquote(str(part.attrs.get("href") or part.attrs.get("src"))))
    return found


def groups(half: Half) -> list[Group]:
    """The navigation of a half: what the lists under each heading of its index.md lead to, of other halves too."""
    found: list[Group] = []
    inside = 0
    tokens = parsed((half.folder / INDEX).read_text("utf-8"))
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            found.append(Group(_plain(tokens[place + 1]), {}))
        inside += {"list_item_open": 1, "list_item_close": -1}.get(token.type, 0)
        if token.type == "inline" and inside and found:
            found[-1].pages.update(
                (target, text) for target, text in _links(token) if re.fullmatch(r"(\.\./\w+/)?[\w-]+\.md", target)
            )
    return [group for group in found if group.pages]


def _plain(token: Token) -> str:
    return "".join(child.content for child in token.children or [] if child.type in ("text", "code_inline"))


def _links(token: Token) -> list[tuple[str, str]]:
    """Targets, and the texts that lead to them."""
    found: list[tuple[str, str]] = []
    target = None
    for child in token.children or []:
        if child.type == "link_open":
            target, text = unquote(str(child.attrs["href"])), ""
        elif child.type == "link_close" and target is not None:
            found.append((target, text))
            target = None
        elif target is not None:
            text += child.content
    return found


def anchor(text: str, separator: str = "-") -> str:
    """What GitHub makes of a heading: letters with their signs, digits and hyphens, small, with hyphens for spaces."""
    kept = (char for char in text.strip().lower() if char in "-_ " or unicodedata.category(char)[0] in "LMN")
    return "".join(kept).replace(" ", separator)


def anchors() -> Callable[[str, str], str]:
    """The same for zensical, which asks for it by the name that docs/site/zensical.toml has."""
    return anchor


def as_zensical_reads(text: str) -> str:
    """A document in the Markdown of zensical.

    That wants what belongs to an item of a list four columns further in, however its sign is written; an empty line
    before a list, a fence or a table, and after an item that has one in it; knows no line that is broken by a stroke at
    its end; and shows the stroke before a bar in the code of a table.
    """
    lines = text.splitlines()
    indents = [0] * len(lines)
    """Columns before what a line says."""
    levels = [0] * len(lines)
    """Lists that a line is in, not counting those that it begins an item of."""
    apart: set[int] = set()
    as_it_is: set[int] = set()
    tables: set[int] = set()
    for token in parsed(text):
        if token.map is None:
            continue
        first, last = token.map
        if token.type == "list_item_open" and (mark := re.match(r"\s*(?:[-*+]|\d+[.)])\s+", lines[first])):
            if levels[first]:
                indents[first] = len(lines[first]) - len(lines[first].lstrip())
            for number in range(first + 1, last):
                indents[number] = mark.end()
                levels[number] += 1
            if not all(line.strip() for line in lines[first:last]):
                apart.add(last)
        elif token.type in ("fence", "code_block", "html_block"):
            as_it_is.update(range(first, last))
        elif token.type == "table_open":
            tables.update(range(first, last))
        lists = token.type in ("bullet_list_open", "ordered_list_open") and not levels[first]
        if lists or token.type in ("fence", "table_open", "blockquote_open"):
            apart.add(first)
    made: list[str] = []
    for number, line in enumerate(lines):
        quote = re.match(r"(?:\s*>)*", line)
        if number in apart and made and made[-1].strip(" >"):
            made.append(quote.group() if quote and made[-1].startswith(">") else "")
        own = line[indents[number] :] if not line[: indents[number]].strip() else line.lstrip()
        if number not in as_it_is and own.endswith("\\"):
            own = own[:-1] + "  "
        if number in tables:
            own = CODE.sub(lambda code: code.group().replace("\\|", "|"), own)
        made.append(" " * 4 * levels[number] + own if own.strip() else own)
    return "\n".join(made) + "\n"


def relinked(text: str, half: Half) -> str:
    """A page whose links that leave its half lead to where their pages are on the site.

    Files that are not part of the site, such as the pages for developers, are named instead of linked.
    """
    others = {other.language: other for other in HALVES if other is not half}
    spans = [match.span() for match in CODE.finditer(text)]
    spans += [
        (_offset(text, token.map[0]), _offset(text, token.map[1]))
        for token in parsed(text)
        if token.type in ("fence", "code_block") and token.map
    ]

    def led(match: re.Match[str]) -> str:
        target = match["target"]
        if any(start < match.start() < end for start, end in spans) or "://" in target or not target.startswith("../"):
            return match.group()
        path, _, anchor = target.partition("#")
        parts = path.split("/")
        if len(parts) == 3 and parts[1] in others and parts[2].endswith(".md"):
            page = parts[2].removesuffix(".md") + ".html" + (f"#{anchor}" if anchor else "")
            return f"[{match['text']}](../{parts[1]}/{page})"
        inner = (half.folder / path).resolve()
        return f"{match['text']} (`{inner.relative_to(ROOT)}`)"

    return LINK.sub(led, text)


def _offset(text: str, line: int) -> int:
    return sum(len(one) + 1 for one in text.split("\n")[:line])


def settings(half: Half, partners: list[str]) -> str:
    """zensical.toml of a half."""
    document: Any = tomlkit.parse((MADE_OF / "zensical.toml").read_text("utf-8"))
    project = document["project"]
    project["site_name"] = half.name
    project["docs_dir"] = "pages"
    project["site_dir"] = "site"
    project["theme"]["language"] = half.language
    project["theme"]["direction"] = half.direction
    project["theme"]["palette"] = [
        {"media": "(prefers-color-scheme)", "toggle": {"icon": "lucide/sun-moon", "name": half.to_light}},
        {
            "media": "(prefers-color-scheme: light)",
            "scheme": "default",
            "toggle": {"icon": "lucide/sun", "name": half.to_dark},
        },
        {
            "media": "(prefers-color-scheme: dark)",
            "scheme": "slate",
            "toggle": {"icon": "lucide/moon", "name": half.to_system},
        },
    ]
    project["extra"]["partners"] = [name.removesuffix(".md") + ".html" for name in partners]
    nav: list[dict[str, Any]] = [{half.name: INDEX}]
    nav += [
        {
            group.title: [
                {title: name.replace(".md", ".html") if "/" in name else name} for name, title in group.pages.items()
            ]
        }
        for group in groups(half)
    ]
    project["nav"] = nav
    return tomlkit.dumps(document)


def build_half(half: Half, work: Path) -> Path:
    """Build the pages of a language.

    Args:
        half: Which.
        work: An empty folder for what zensical reads and writes.

    Returns:
        The folder of the pages.

    Raises:
        Broken: zensical complains.
    """
    pages = work / "pages"
    pages.mkdir(parents=True)
    for path in sorted(half.folder.rglob("*")):
        target = pages / path.relative_to(half.folder)
        if path.suffix == ".md":
            target.write_text(as_zensical_reads(relinked(path.read_text("utf-8"), half)), "utf-8")
        elif path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for name in ("nashra.css", "nashra.svg"):
        shutil.copyfile(MADE_OF / name, pages / name)
    shutil.copytree(MADE_OF / "theme", work / "theme")
    both = sorted(set(ENGLISH.pages) & set(ARABIC.pages))
    (work / "zensical.toml").write_text(settings(half, both), "utf-8")
    program = Path(sysconfig.get_path("scripts")) / "zensical"
    if not program.exists():
        raise Broken("zensical is not installed: make .venv/dev")
    done = subprocess.run(
        [program, "build", "--strict", "-f", "zensical.toml"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
        before, _, trace = said.partition("Traceback")
        raise Broken(f"docs/{half.language}: {before.strip()}\n{trace.strip().rpartition(chr(10))[2]}")
    made = work / "site"
    (made / "404.html").unlink(missing_ok=True)
    for page in made.glob("*.html"):
        page.write_text(SHORT.sub(r'<code class="short">\1</code>', page.read_text("utf-8")), "utf-8")
    return made


def build(folder: Path) -> None:
    """Build the whole site into a folder, which is replaced once all of it is there."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        work = Path(name)
        whole = work / "whole"
        whole.mkdir()
        for half in HALVES:
            build_half(half, work / half.language).rename(whole / half.language)
        for file in ("index.html", "nashra.svg"):
            shutil.copyfile(MADE_OF / file, whole / file)
        shutil.rmtree(folder, ignore_errors=True)
        whole.rename(folder)


def main() -> None:
    """The command line: where to build to, ``site`` when nothing is said."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "site").resolve()
    try:
        build(folder)
    except Broken as error:
        sys.exit(str(error))
    count = len(list(folder.rglob("*.html")))
    print(f"{count} pages in {folder}. Open {folder / 'index.html'} in a browser, or serve them:")
    print(f"  python3 -m http.server -b 127.0.0.1 -d {folder} 8000     then http://127.0.0.1:8000/")


if __name__ == "__main__":
    main()
