"""Names of shortcodes, from the plugins and builders that register them."""

from __future__ import annotations

import re

_BUILDERS = (
    # WPBakery, Divi, Avada, Elementor, Enfold, UX Builder, Newspaper (tagDiv), Beaver, Brizy, Cornerstone, Oxygen,
    # Thrive, Themify, SiteOrigin, Visual Composer, Fusion, Kingcomposer, Betheme, Bridge (Qode), Porto, Shortcodes
    # Ultimate, WooCommerce, MailPoet and so on.
    *("vc_", "vcex_", "wpb_", "et_pb_", "et_", "fusion_", "elementor-", "elementor_", "av_", "ux_", "td_", "tdb_"),
    *("tdc_", "fl_", "brizy_", "cs_", "x_", "ct_", "thrive_", "themify_", "tatsu_", "kc_", "mfn_", "qode_"),
    *("porto_", "su_", "woocommerce_", "mailpoet_", "wpforms", "wpcf7", "contact-form", "contact_form", "ninja_form"),
    *("gravityform", "fluentform", "caldera_form", "mc4wp_", "mc4wp-", "rev_slider", "smartslider"),
    *("layerslider", "metaslider", "nggallery", "ngg_", "wpdiscuz", "wp_", "ez-toc", "lwptoc", "post-views"),
    *("jetpack-", "jetpack_", "wpvideo", "videopress", "yasr_", "ratemypost", "the_ad", "adrotate", "adinserter"),
    *("bsa_pro", "wpadcenter", "tablepress", "wpdatatable", "ninja_tables", "printfriendly", "addtoany"),
    *("yarpp", "feedzy-", "rank_math", "wpseo_", "cmplz-", "one_half", "one_third", "two_third", "one_fourth"),
    *("three_fourth", "insert_elementor", "embedyt", "advanced_iframe", "fvplayer", "jwplayer", "ult_", "ultimate_"),
)
_BUILT = re.compile(rf"(?:{'|'.join(map(re.escape, _BUILDERS))})", re.IGNORECASE)
_UNDERSCORED = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")

# WordPress' own and Jetpack's, all ordinary words as well (developer.wordpress.org/plugins/shortcodes; Jetpack's
# modules/shortcodes). An editor may write such a word in brackets.
PLAYERS = frozenset(
    {
        *(
            "embed",
            "video",
            "audio",
            "youtube",
            "vimeo",
            "soundcloud",
            "dailymotion",
            "spotify",
            "mixcloud",
            "bandcamp",
        ),
        *("tweet", "twitter", "facebook", "instagram", "tiktok", "telegram", "ted", "flickr", "twitch-embed", "flv"),
        *("bandcamp", "googlevideo", "facebook-video", "fb-video", "iframe", "podcast"),
    }
)
"""What plays, or shows something of another site, and has its address."""
_WORDS = PLAYERS | frozenset(
    {
        *("caption", "gallery", "playlist", "slideshow", "archives", "sitemap", "toc", "googlemaps", "map", "poll"),
        *("polldaddy", "slideshare", "scribd", "gist", "recipe", "box", "button", "tabs", "tab", "toggle", "spacer"),
        *("accordion", "columns", "column", "row", "section", "dropcap", "highlight", "divider", "clear", "table"),
        *("ads", "ad", "adsense", "login", "contact", "products", "product", "quiz", "form", "newsletter", "related"),
    }
)

_PLAYS = re.compile(r"video|youtube|vimeo|embed|audio|soundcloud|tweet|twitter|player|iframe|media|podcast|mp3|tiktok")
_SHOWS = re.compile(r"(?:^|[_-])(?:image|img|picture|photo|imageframe)(?:[_-]|$)")
_HEADS = re.compile(r"(?:^|[_-])(?:heading|title|toggle|tab|tta_section|accordion|accordion_item|blurb|cta|spoiler)$")
_LINKS = re.compile(r"(?:^|[_-])(?:button|btn|link)$")
_STANDS_IN_LINE = re.compile(
    r"(?:^|[_-])(?:dropcap|highlight|tooltip|popover|label|icon|badge|button|btn|link|quote|abbr|span|color|size|font"
    r"|b|i|u|s|em|strong|sup|sub|nobr|ltr|rtl)$",
    re.IGNORECASE,
)
_CODED = frozenset({"vc_raw_html", "fusion_code"})
_UNREAD = frozenset({"vc_raw_js", "vc_raw_css", "fusion_builder_raw_js", "et_pb_css"})


def is_built(name: str) -> bool:
    """Whether a name can be nothing but a shortcode's: of a page builder or a plugin, or lower case with underscores.

    Args:
        name: What stands behind the bracket.
    """
    return bool(_BUILT.match(name)) or ("_" in name and bool(_UNDERSCORED.fullmatch(name)))


def is_word(name: str) -> bool:
    """Whether a name is a shortcode of WordPress and an ordinary word as well, such as ``video``.

    Args:
        name: What stands behind the bracket; shortcodes know capitals and small letters apart.
    """
    return name in _WORDS


def lays_out(name: str) -> bool:
    """Whether a shortcode is a block of a page, not something within a sentence."""
    return bool(_BUILT.match(name)) or name in _WORDS


def plays(name: str) -> bool:
    """Whether a shortcode shows a film, a sound or a piece of another site."""
    return name in PLAYERS or bool(_PLAYS.search(name.lower()))


def shows(name: str) -> bool:
    """Whether a shortcode shows a picture."""
    return bool(_SHOWS.search(name.lower()))


def heads(name: str) -> bool:
    """Whether a shortcode writes its title over what it holds."""
    return bool(_HEADS.search(name.lower()))


def links(name: str) -> bool:
    """Whether a shortcode makes a link of what it holds."""
    return bool(_LINKS.search(name.lower()))


def stands_in_line(name: str) -> bool:
    """Whether a shortcode marks words within a sentence, so that nothing parts them from those around."""
    return bool(_STANDS_IN_LINE.search(name))


def is_coded(name: str) -> bool:
    """Whether what a shortcode holds is HTML in base64."""
    return name in _CODED


def is_unread(name: str) -> bool:
    """Whether what a shortcode holds is a program or a style sheet."""
    return name in _UNREAD
