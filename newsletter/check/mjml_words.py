"""The words of MJML 4 and 5: its elements, what each may hold and what each may say (documentation.mjml.io)."""

from __future__ import annotations

from collections.abc import Mapping

_PADDING = "padding padding-top padding-right padding-bottom padding-left"
_BORDER = "border border-top border-right border-bottom border-left"
_FONT = "color font-family font-size font-style font-weight letter-spacing line-height text-decoration text-transform"
_LINK = "href name rel target title"
_BOX = f"{_PADDING} container-background-color"

EVERYWHERE = frozenset({"css-class", "mj-class"})
"""Attributes that every element of the body may have."""

_ACCORDION_ICONS = (
    "icon-align icon-height icon-position icon-width icon-unwrapped-alt icon-unwrapped-url icon-wrapped-alt "
    "icon-wrapped-url"
)
_SECTION = (
    f"{_PADDING} {_BORDER} background-color background-position background-position-x background-position-y "
    "background-repeat background-size background-url border-radius direction full-width gutter text-align text-padding"
)

ATTRIBUTES: Mapping[str, frozenset[str] | None] = {
    name: None if words is None else frozenset(words.split())
    for name, words in {
        "mjml": "lang dir owa version",
        "mj-head": "",
        "mj-body": "background-color id width lang dir title",
        "mj-title": "",
        "mj-preview": "",
        "mj-style": "inline",
        "mj-font": "href name",
        "mj-breakpoint": "width",
        "mj-raw": "position",
        "mj-attributes": "",
        # Defaults for whatever has these attributes.
        "mj-all": None,
        "mj-class": None,
        "mj-wrapper": f"{_SECTION} gap",
        "mj-section": _SECTION,
        "mj-group": "background-color direction vertical-align width",
        "mj-column": (
            f"{_PADDING} {_BORDER} background-color border-radius direction inner-background-color inner-border "
            "inner-border-top inner-border-right inner-border-bottom inner-border-left inner-border-radius "
            "vertical-align width"
        ),
        "mj-hero": (
            f"{_PADDING} background-color background-height background-position background-url background-width "
            "border-radius height inner-background-color inner-padding inner-padding-top inner-padding-right "
            "inner-padding-bottom inner-padding-left mode vertical-align"
        ),
        "mj-text": f"{_BOX} {_FONT} align background-color height vertical-align",
        "mj-button": (
            f"{_BOX} {_BORDER} {_FONT} {_LINK} align background-color border-radius height inner-padding text-align "
            "vertical-align width"
        ),
        "mj-image": (
            f"{_BOX} {_BORDER} {_LINK} align alt border-radius fluid-on-mobile font-size height max-height sizes src "
            "srcset usemap width"
        ),
        "mj-table": f"{_BOX} {_FONT} align border cellpadding cellspacing role table-layout vertical-align width",
        "mj-divider": f"{_BOX} align border-color border-style border-width width",
        "mj-spacer": f"{_BOX} {_BORDER} height",
        "mj-social": (
            f"{_BOX} {_FONT} align border border-radius icon-height icon-padding icon-size inner-padding mode "
            "table-layout text-padding vertical-align"
        ),
        "mj-social-element": (
            f"{_PADDING} {_FONT} {_LINK} align alt background-color border border-radius icon-height icon-padding "
            "icon-position icon-size sizes src srcset text-padding vertical-align"
        ),
        "mj-navbar": (
            f"{_PADDING} align base-url hamburger ico-align ico-close ico-color ico-font-family ico-font-size "
            "ico-line-height ico-open ico-padding ico-padding-top ico-padding-right ico-padding-bottom "
            "ico-padding-left ico-text-decoration ico-text-transform"
        ),
        "mj-navbar-link": f"{_PADDING} {_FONT} {_LINK}",
        "mj-accordion": f"{_BOX} {_ACCORDION_ICONS} border font-family",
        "mj-accordion-element": f"{_ACCORDION_ICONS} background-color border font-family",
        "mj-accordion-title": f"{_PADDING} {_FONT} background-color",
        "mj-accordion-text": f"{_PADDING} {_FONT} background-color",
        "mj-carousel": (
            f"{_BOX} align border-radius icon-width left-icon right-icon tb-border tb-border-radius "
            "tb-hover-border-color tb-selected-border-color tb-width thumbnails"
        ),
        "mj-carousel-image": f"{_LINK} alt border-radius src tb-border tb-border-radius thumbnails-src",
    }.items()
}
"""Element to the attributes it knows; None takes any."""

_COLUMN = "mj-accordion mj-button mj-carousel mj-divider mj-image mj-navbar mj-raw mj-social mj-spacer mj-table mj-text"
_IN_COLUMN = frozenset(_COLUMN.split())
_HOLDS_NO_MJML = (
    "mj-text mj-button mj-image mj-table mj-divider mj-spacer mj-raw mj-style mj-title mj-preview mj-social-element "
    "mj-navbar-link mj-accordion-title mj-accordion-text mj-carousel-image"
)
_NOTHING: frozenset[str] = frozenset()

CHILDREN: Mapping[str, frozenset[str]] = {
    "mjml": frozenset({"mj-head", "mj-body", "mj-raw"}),
    "mj-head": frozenset({"mj-attributes", "mj-breakpoint", "mj-font", "mj-preview", "mj-style", "mj-title", "mj-raw"}),
    "mj-body": frozenset({"mj-raw", "mj-section", "mj-wrapper", "mj-hero"}),
    "mj-wrapper": frozenset({"mj-hero", "mj-raw", "mj-section"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _IN_COLUMN,
    "mj-hero": _IN_COLUMN,
    "mj-accordion": frozenset({"mj-accordion-element", "mj-raw"}),
    "mj-accordion-element": frozenset({"mj-accordion-title", "mj-accordion-text", "mj-raw"}),
    "mj-carousel": frozenset({"mj-carousel-image"}),
    "mj-navbar": frozenset({"mj-navbar-link", "mj-raw"}),
    "mj-social": frozenset({"mj-social-element", "mj-raw"}),
    **dict.fromkeys(_HOLDS_NO_MJML.split(), _NOTHING),
}
"""Element to the elements of MJML that may stand directly in it; inside mj-attributes all may."""
