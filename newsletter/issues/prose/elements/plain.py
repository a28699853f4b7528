"""Elements in the plain-text twin: a label says what each is, and addresses stand on lines of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from newsletter.issues.prose.elements.phrases import event_of, name_and_role, payer_and_label, poll_of, sign, when
from newsletter.issues.prose.parts import Block, Inline, PictureAddress, ProseSetup
from newsletter.issues.targets import split_caption

PlainBlocks = Callable[[tuple[Block, ...]], Iterator[str]]
"""Writes each of some blocks as plain text."""
PlainInline = Callable[[Inline], str]


def element(setup: ProseSetup, block: Block, blocks: PlainBlocks, inline: PlainInline) -> str:
    """One element as plain text.

    Args:
        setup: Of the letter.
        block: An element, a table or a note.
        blocks: Writes the blocks within it.
        inline: Writes the text of a paragraph.
    """
    inside = "\n\n".join(part for part in blocks(block.children) if part)
    alts = "\n".join(f"[{alt}]" for _, alt in block.pictures if alt)
    match block.kind:
        case "callout":
            parts = [f"** {block.title} **" if block.title else "", inside]
        case "sponsor":
            name, own = payer_and_label(block.title)
            label = own or str(setup.say("Advertisement"))
            parts = [f"[{label} · {name}]" if name else f"[{label}]", inside]
            parts.append(f"[{setup.say('End of the advertisement')}]")
        case "columns":
            columns = ("\n\n".join(part for part in blocks(column.children) if part) for column in block.children)
            parts = list(columns)
        case "gallery":
            shown = (f"[{alt}] {_caption(picture)}".rstrip() for picture, alt in block.pictures)
            parts = [block.title, "\n".join(shown), inside]
        case "video" | "audio" | "file":
            parts = [
                "\n".join(
                    part for part in (f"{sign(block.kind, block.link)} {block.title}", inside, block.link) if part
                )
            ]
        case "quote":
            said = "\n".join(f"> {line}".rstrip() for line in inside.split("\n"))
            name, role = name_and_role(block.title)
            parts = [said, f"— {name} · {role}" if role else f"— {name}" if name else ""]
        case "author":
            name, role = name_and_role(block.title)
            parts = ["\n".join(part for part in (f"{name} · {role}" if role else name, inside) if part)]
        case "event":
            at = when(block.scheduled, setup) if block.scheduled is not None else ""
            event = event_of(block)
            added = setup.calendar(event) if event is not None and setup.calendar is not None else ""
            kept = f"{setup.say('Add to calendar')}\n{added}" if added else ""
            parts = ["\n".join(part for part in (f"** {block.title} **", at) if part), inside, kept]
        case "poll" | "useful":
            poll = poll_of(block, setup)
            leads = [setup.answer(poll, at) if setup.answer is not None else "" for at in range(len(poll.answers))]
            answers = (f"• {answer}\n  {lead}".rstrip() for answer, lead in zip(poll.answers, leads, strict=True))
            parts = [f"** {poll.question} **", inside, "\n".join(answers)]
        case "figures":
            lines = [
                f"• {figure.title}: {inline(figure.inline)}" for figure in block.children if figure.inline is not None
            ]
            parts = [block.title, "\n".join(line.removesuffix(": ") for line in lines)]
        case "reading":
            title = block.title or str(setup.say("Worth reading"))
            items = ("• " + "\n".join(blocks(item.children)).replace("\n", "\n  ") for item in block.children)
            parts = [f"{title}:", "\n".join(items)]
        case "contents":
            title = block.title or str(setup.say("In this letter"))
            lines = [f"• {one}" for one, _ in setup.contents]
            parts = [f"{title}:\n" + "\n".join(lines)] if lines else []
        case "table":
            parts = ["\n".join(_rows(block, inline))]
        case "note":
            parts = [f"[{setup.digits(str(setup.notes.get(block.title, 1)))}] {inside}"]
        case _:
            parts = [alts, inside]
    return "\n\n".join(part for part in parts if part)


def _caption(picture: PictureAddress) -> str:
    return " · ".join(part for part in split_caption(picture.caption) if part)


def _rows(table: Block, inline: PlainInline) -> Iterator[str]:
    """Each row on lines of its own: columns made of spaces do not stand under one another in a proportional face."""
    head, *rows = ([inline(cell.inline or Inline()) for cell in row.children] for row in table.children)
    for row in rows:
        first, *rest = row
        if len(row) == 2:
            yield f"• {': '.join(cell for cell in (first, rest[0]) if cell)}"
            continue
        yield f"• {first}"
        yield from (
            f"  {name}: {cell}" if name else f"  {cell}" for name, cell in zip(head[1:], rest, strict=False) if cell
        )
