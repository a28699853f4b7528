"""The parameters of web addresses that say how somebody came to a page, and not which page: one table, by company.

Three kinds of them. A *trace* is made for one click or one reader; nobody wants it in a letter. A *campaign* parameter
was written on purpose by whoever counts visits. A *view* shows the same article otherwise. All three say nothing about
which article an address opens, so addresses that differ in them only are the same.

A name stands here only if no site is known to need it to find a page. ``id``, ``p``, ``page``, ``ref``, ``cid``,
``source``, ``campaign`` and the like are used by trackers too, but sites choose articles by them: they stay out.

Each group names where its parameters are described. Where no page of the company was found, the public list that holds
them is named instead: github.com/mpchadwick/tracking-query-params-registry, or the filter of the browser Brave
(github.com/brave/brave-browser, issue 9019 and those it names).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackingGroup:
    """The parameters of one company; a name that ends in ``*`` stands for all that begin so."""

    company: str
    source: str
    """Where they are described."""
    traces: tuple[str, ...] = ()
    """Made for one click or one reader."""
    campaigns: tuple[str, ...] = ()
    """Written on purpose, to tell one placing of a link from another."""
    views: tuple[str, ...] = ()
    """Show the same article in another way."""


TRACKING = (
    # Google's own campaign parameters, which every counter of visits reads by now.
    TrackingGroup("UTM", "support.google.com/analytics/answer/10917952", campaigns=("utm_*",)),
    TrackingGroup(
        "Google",
        "support.google.com/google-ads/answer/9744275 (gclid), support.google.com/google-ads/answer/16297842 (gbraid), "
        "developers.google.com/google-ads/api/reference/rpc/v26/ClickConversionResult (wbraid), "
        "support.google.com/searchads/answer/6292795 (gclsrc), support.google.com/analytics/answer/10071811 (_gl)",
        traces=("gclid", "gbraid", "wbraid", "dclid", "gclsrc", "_gl", "_ga", "srsltid"),
    ),
    TrackingGroup(
        "Meta",
        "developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/fbp-and-fbc (fbclid); "
        "the others stand in addresses that Facebook and Instagram give to copy",
        traces=("fbclid", "igshid", "igsh", "mibextid"),
    ),
    TrackingGroup(
        "TikTok",
        "ads.tiktok.com/help/article/how-to-set-up-matching-events-with-events-api (click ID)",
        traces=("ttclid",),
    ),
    TrackingGroup(
        "LinkedIn",
        "learn.microsoft.com/linkedin/marketing/conversions/enabling-first-party-cookies (li_fat_id); "
        "trk stands in addresses that LinkedIn gives to copy",
        traces=("li_fat_id", "trk"),
    ),
    TrackingGroup(
        "X",
        "docs.x.com/x-ads-api/measurement/web-conversions (twclid); ref_src and ref_url stand in embedded posts",
        traces=("twclid", "ref_src", "ref_url"),
    ),
    TrackingGroup("Microsoft", "help.ads.microsoft.com/apex/index/3/en/60000", traces=("msclkid",)),
    TrackingGroup(
        "Yandex",
        "yandex.com/support/metrica/en/: data/get-yclid, general/search-query-sup (ysclid), general/source-tags",
        traces=("yclid", "ysclid", "_openstat"),
    ),
    TrackingGroup(
        "Snapchat", "developers.snap.com/api/marketing-api/Conversions-API (click ID: ScCid)", traces=("sccid",)
    ),
    TrackingGroup("Pinterest", "github.com/mpchadwick/tracking-query-params-registry", traces=("epik",)),
    TrackingGroup("Reddit", "business.reddithelp.com, Conversions API (click ID)", traces=("rdt_cid",)),
    TrackingGroup("Alibaba", "seen in addresses of its shops (page and position that was clicked)", traces=("spm",)),
    TrackingGroup(
        "HubSpot",
        "knowledge.hubspot.com/email/links-in-emails-or-ctas-lead-to-an-error-page (_hsenc names the reader), "
        "github.com/brave/brave-browser/issues/9019 (the others; hsa_… are numbers of campaigns)",
        traces=("_hsenc", "_hsmi", "__hs*", "hsctatracking"),
        campaigns=("hsa_*",),
    ),
    TrackingGroup(
        "Mailchimp",
        "mailchimp.com/developer/marketing/docs/e-commerce (campaign and reader)",
        traces=("mc_cid", "mc_eid"),
    ),
    TrackingGroup("MailerLite", "the filter of the browser Brave", traces=("ml_subscriber", "ml_subscriber_hash")),
    TrackingGroup("Marketo", "experienceleague.adobe.com, Marketo Engage: tracked links", traces=("mkt_tok",)),
    TrackingGroup("Klaviyo", "github.com/mpchadwick/tracking-query-params-registry", traces=("_ke", "_kx")),
    TrackingGroup("Vero", "the filter of the browser Brave", traces=("vero_id", "vero_conv")),
    TrackingGroup("Omeda", "the filter of the browser Brave (Olytics)", traces=("oly_*",)),
    TrackingGroup(
        "Listrak",
        "github.com/mpchadwick/tracking-query-params-registry",
        traces=("trk_contact", "trk_msg", "trk_module", "trk_sid"),
    ),
    TrackingGroup(
        "Iterable",
        "support.iterable.com, names of its cookies and link parameters",
        traces=("iterableemailcampaignid", "iterabletemplateid", "iterablemessageid"),
    ),
    TrackingGroup(
        "dotdigital",
        "support.dotdigital.com/hc/en-gb/articles/360006551019-Link-tracking",
        traces=("dm_i",),
    ),
    TrackingGroup("Bronto", "github.com/mpchadwick/tracking-query-params-registry", traces=("_bta_tid", "_bta_c")),
    TrackingGroup(
        "Adobe",
        "docs.adobe.com, Advertising Analytics: manual and automatic tracking (s_kwcid, ef_id); Analytics (s_cid)",
        traces=("s_cid", "s_kwcid", "ef_id"),
    ),
    TrackingGroup(
        "Matomo",
        "matomo.org/faq/how-to/faq_120, and Piwik PRO and Piwik before it",
        campaigns=("mtm_*", "matomo_*", "pk_*", "piwik_*"),
    ),
    TrackingGroup(
        "Piano, once AT Internet",
        "developers.atinternet-solutions.com/piano-analytics/data-collection/how-to-send-events/marketing-campaigns",
        campaigns=("xtor", "at_*"),
    ),
    TrackingGroup("Mapp, once Webtrekk", "docs.mapp.com/v1/docs/react-next-campaign", campaigns=("wt_mc",)),
    TrackingGroup("Wikimedia", "wikitech.wikimedia.org/wiki/Provenance", traces=("wprov",)),
    TrackingGroup(
        "WordPress",
        "Jetpack's buttons to share (share, nb), the link to answer a comment (replytocom), the plugin AMP (amp)",
        views=("share", "nb", "replytocom", "amp"),
    ),
)


def is_trace(name: str) -> bool:
    """Say whether a parameter names a click or a reader, and so should not stand in a letter.

    Args:
        name: Name of a parameter, in any case.
    """
    return name.lower() in _TRACES or name.lower().startswith(_TRACES_BEGIN)


def is_tracking(name: str) -> bool:
    """Say whether a parameter says nothing about which page an address opens.

    Args:
        name: Name of a parameter, in any case.
    """
    return name.lower() in _ALL or name.lower().startswith(_ALL_BEGIN)


def _names(*, traces_only: bool) -> tuple[frozenset[str], tuple[str, ...]]:
    """Whole names, and beginnings of names."""
    names = [
        name
        for group in TRACKING
        for name in (group.traces if traces_only else group.traces + group.campaigns + group.views)
    ]
    whole = frozenset(name for name in names if not name.endswith("*"))
    return whole, tuple(name.removesuffix("*") for name in names if name.endswith("*"))


_TRACES, _TRACES_BEGIN = _names(traces_only=True)
_ALL, _ALL_BEGIN = _names(traces_only=False)
