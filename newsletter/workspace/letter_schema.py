"""The sections of newsletter.toml that say what letters are like: [letter], [theme], [ways] and [letters.NAME]."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from newsletter.fields import SettingsSection, listed
from newsletter.letters.ways import SHARES
from newsletter.models import SocialKind
from newsletter.text import theming
from newsletter.workspace import values


def _shares(value: object) -> object:
    # share = false is none of them, share = true all; in a variable both are text.
    word = value.strip().lower() if isinstance(value, str) else value
    if word in (True, "true"):
        return list(SHARES)
    return [] if word in (False, "false") else listed(value)


def _contents(value: object) -> object:
    # In a variable every value is text.
    word = value.strip().lower() if isinstance(value, str) else value
    return theming.judged("contents", {"true": True, "false": False}.get(word, word) if isinstance(word, str) else word)


SmallLetterName = Literal[
    "confirmation", "welcome", "goodbye", "preferences", "new-address", "address-changed", "erasure", "still-wanted"
]
ShareName = Literal["whatsapp", "telegram", "x", "facebook", "mail", "copy"]


class LetterSettings(SettingsSection):
    """What every letter says and how it looks."""

    tagline: str = Field(default="", description="one line under the name")
    postal_address: str = Field(default="", description="stands at the foot of every letter")
    accent: Annotated[str, AfterValidator(values.colour)] = Field(
        default="#0f766e", description="colour of links, rules and buttons"
    )
    logo: str = Field(
        default="",
        description="https address of a logo, or a file of the workspace; without it the name is shown",
    )
    pictures: Literal["auto", "inline", "hosted"] = Field(
        default="auto",
        description="where the pictures of a letter are: `inline` inside it, `hosted` at the reader pages ([web] url), "
        "`auto` hosted where there are pages",
    )
    fonts: str = Field(default="", description="font families of the letter, instead of those for its language")
    digits: Literal["latin", "arabic-indic"] = Field(
        default="latin",
        description="digits of dates and numbers that the letter writes itself: `latin` or `arabic-indic`",
    )
    months: Annotated[str, AfterValidator(values.locale)] = Field(
        default="", description="month names of a country, such as `ar_DZ`; without it those of the language"
    )
    hijri: bool = Field(default=False, description="the Hijri date beside the Gregorian one")
    jalali: bool = Field(
        default=False,
        description="dates by the Jalali (Persian) calendar, in letters and on the pages; in the letter's head the "
        "Gregorian one stands beside it",
    )
    links: dict[str, Annotated[str, AfterValidator(values.page)]] = Field(
        default={}, description="pages named at the foot: title to https address"
    )


class ThemeSettings(SettingsSection):
    """How letters look. What is not set is the style's own; an issue may say the same keys otherwise."""

    style: Literal["", "signature", "classic", "digest", "bulletin"] = Field(
        default="",
        description="`signature` (a coloured band, a great lead, cards), `classic` (as the template `weekly`), "
        "`digest` (many stories in little room) or `bulletin` (words first); without it `classic`",
    )
    header: Literal["", "band", "plain", "centred", "picture"] = Field(
        default="", description="head of the letter: `band`, `plain`, `centred` or `picture`"
    )
    picture: Annotated[str, AfterValidator(theming.picture)] = Field(
        default="",
        description="the picture of `header`: a file of the workspace, or an https address; 1280 pixels wide",
    )
    second: Annotated[str, AfterValidator(theming.colour)] = Field(
        default="", description="second colour, for labels and fine lines; without it a quiet neighbour of the accent"
    )
    paper: Annotated[str, AfterValidator(theming.colour)] = Field(default="", description="ground around the letter")
    card: Annotated[str, AfterValidator(theming.colour)] = Field(default="", description="ground of the letter itself")
    headings: Annotated[str, AfterValidator(theming.fonts)] = Field(
        default="", description="fonts of headlines: `sans`, `serif`, or families with commas"
    )
    text: Annotated[str, AfterValidator(theming.fonts)] = Field(
        default="", description="fonts of everything else, in the same way; without it those of [letter]"
    )
    hero: Literal["", "edge", "inset", "none"] = Field(
        default="", description="the first story's picture: `edge` to edge, `inset` or `none`"
    )
    rows: Literal["", "cards", "rows", "text"] = Field(
        default="", description="the other stories: `cards` in two columns, `rows` with a small picture, or `text`"
    )
    align: Literal["", "start", "centre"] = Field(default="", description="where headings stand: `start` or `centre`")
    corners: Literal["", "round", "soft", "square"] = Field(
        default="", description="corners of pictures, panels and buttons: `round`, `soft` or `square`"
    )
    density: Literal["", "airy", "normal", "tight"] = Field(
        default="", description="room between the parts: `airy`, `normal` or `tight`"
    )
    subtitle: Literal["", "none", "preheader"] = Field(
        default="",
        description="a quiet line under the head: `preheader` (what an issue says there, or the draft wrote) or `none`",
    )
    contents: Annotated[Literal["auto"] | bool, BeforeValidator(_contents)] = Field(
        default="auto", description="a list of what is inside, behind the first story; `auto`: as the style has it"
    )
    logo_dark: Annotated[str, AfterValidator(theming.picture)] = Field(
        default="", description="the logo for dark grounds: a file of the workspace, or an https address"
    )
    editor: Annotated[str, AfterValidator(theming.line)] = Field(default="", description="who signs the editor's words")
    role: Annotated[str, AfterValidator(theming.line)] = Field(default="", description="what the editor is")
    portrait: Annotated[str, AfterValidator(theming.picture)] = Field(
        default="",
        description="picture of the editor: a file of the workspace, or an https address; without it a "
        "letter of the name",
    )
    footer: Annotated[str, AfterValidator(theming.line)] = Field(
        default="", description="words of your own at the foot of every letter"
    )
    social: dict[SocialKind, Annotated[str, AfterValidator(theming.page)]] = Field(
        default={},
        description=f"pages elsewhere, shown with signs: {', '.join(f'`{one}`' for one in theming.KINDS)}; each "
        "with its https address",
    )


class WaysSettings(SettingsSection):
    """What every letter offers beyond its stories; each where it leads somewhere."""

    share: Annotated[list[ShareName], BeforeValidator(_shares)] = Field(
        default=["whatsapp", "telegram", "x", "facebook", "mail", "copy"],
        description="ways to share the letter, as plain links to its own page; only where everybody may open that "
        "(`[web] lists`). `false` is none",
    )
    subscribe: bool = Field(
        default=True, description="“did somebody send you this letter?”, with the way to subscribe: a page, or by mail"
    )
    previous: int = Field(
        default=3,
        ge=0,
        le=10,
        description="letters before this one, named with their subjects, for the same lists; 0: none",
    )
    archive: bool = Field(default=True, description="a link to all past letters, for the same lists")
    reply: bool = Field(default=True, description="an invitation to answer, where `reply_to` is set")
    view: bool = Field(default=True, description="the letter in the browser")
    preferences: bool = Field(default=True, description="the page where readers choose what they get")


class SmallLetterSettings(SettingsSection):
    """The newsroom's own words in one of the small letters; its button or link stays where it is."""

    subject: Annotated[str, AfterValidator(values.optional_line), AfterValidator(values.placeholders)] = Field(
        default="",
        description="subject and heading, instead of ours; `{list}` is the title of the list, `{name}` that of the "
        "newsletter",
        examples=['[letters.welcome]\nsubject = "أهلًا بك في {name}"'],
    )
    words: Annotated[str, AfterValidator(values.placeholders), AfterValidator(values.markdown)] = Field(
        default="", description="what stands between heading and button, instead of ours; simple Markdown"
    )
