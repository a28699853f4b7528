"""The table of other programs: one entry for each kind of file they export (pure).

Each entry names what it rests on. Where a program's documentation does not list its columns, they are those of its
exports as users show them, and a column that is not here is held against the words of `subscribers.csvfile.columns`
all the same: so what an entry forgets stops the import instead of mailing somebody.
"""

from __future__ import annotations

from collections.abc import Mapping

from subscribers.csvfile.columns import CONSENT, LEAVING, TROUBLE, ColumnMeaning
from subscribers.csvfile.other_programs import UNKNOWN, OtherProgram
from subscribers.csvfile.vocabulary import NO, YES, Standing, fold


def _names(text: str) -> frozenset[str]:
    return frozenset(fold(name) for name in text.split(","))


def _in_order(text: str) -> tuple[str, ...]:
    return tuple(fold(name) for name in text.split(","))


def _words(**standings: str) -> dict[str, Standing]:
    known: dict[str, Standing] = {}
    for standing, words in standings.items():
        known |= {fold(word): standing for word in words.split(",")}  # type: ignore[misc]  # the keywords are standings
    return known


def _yes(**standings: Standing) -> dict[str, Standing]:
    return {**dict.fromkeys(YES, standings["yes"]), **dict.fromkeys(NO, standings["no"])}


TOPICS, PAUSE = "declinedtopics", "pauseduntil"
"""Folded names of the columns of our own export that hold what a person chose."""

_PEOPLE = "first name,last name,name,full name,firstname,lastname,prénom,nom,display name,user name,job title"
_FLAG = ColumnMeaning(_yes(yes="left", no="confirmed"))
_BAD_FLAG = ColumnMeaning(_yes(yes="suppressed", no="confirmed"))
_MAILPOET = ColumnMeaning(
    # "inactive" has not opened a letter for long; it still is a confirmed subscription.
    _words(confirmed="subscribed,inactive", pending="unconfirmed", left="unsubscribed", suppressed="bounced"),
    must=True,
)

PROGRAMS = (
    OtherProgram(
        name="Nashra",
        source="subscribers/actions/exporting.py",
        needs=_names("address,status,rhythm,suppressed,declined_topics,paused_until"),
        says={
            "status": ColumnMeaning(_words(confirmed="confirmed", pending="pending", left="left"), must=True),
            "suppressed": ColumnMeaning({}, "suppressed"),
        },
        harmless=_names(
            "consent_act,consent_at,consent_how,consent_words,consent_network,consent_page,consent_reason,consent_story"
        ),
        guarded=True,
    ),
    OtherProgram(
        name="Mailchimp",
        source="mailchimp.com, 'View or export contacts': four files, for subscribed, unsubscribed, non-subscribed and "
        "cleaned (bounced) contacts; columns as their exports have them",
        needs=_names("email address"),
        any_of=_names("member_rating,leid,euid"),
        says={
            "unsubtime": ColumnMeaning({}, "left"),
            "cleantime": ColumnMeaning({}, "suppressed"),
            # A contact who never subscribed has no such moment: only that tells a renamed fourth file.
            "confirmtime": ColumnMeaning({}, "confirmed", must=True),
        },
        files={"unsubscribed": "left", "cleaned": "suppressed"},
        no_readers={"nonsubscribed": "Mailchimp's non-subscribed contacts never agreed to get letters"},
        agreed=_in_order("optin_time,confirm_time"),
        confirmed=_in_order("confirm_time"),
        network=_in_order("confirm_ip,optin_ip"),
        names=_names(_PEOPLE),
        topics=_in_order("tags,interests"),
        harmless=_names(
            "unsub_campaign_title,unsub_campaign_id,unsub_reason,unsub_reason_other,clean_campaign_title,"
            "clean_campaign_id,optin_time,optin_ip,confirm_ip"
        ),
        note="Mailchimp exports four files; import the unsubscribed and the cleaned one too",
    ),
    OtherProgram(
        name="MailPoet",
        source="MailPoet, Subscribers/ImportExport/Export/Export.php: a row for each list a person is on, quotation "
        "marks escaped with a backslash",
        needs=frozenset(),
        any_of=_names("list status,global status"),
        says={"liststatus": _MAILPOET, "globalstatus": _MAILPOET},
        agreed=_in_order("subscribed at,created at"),
        network=_in_order("ip address,subscribed ip,confirmed ip"),
        confirmed=_in_order("confirmed at"),
        names=_names(_PEOPLE),
        escape="\\",
        guarded=True,
        note="whoever unsubscribed from one of the exported lists stays out",
    ),
    OtherProgram(
        name="listmonk",
        source="listmonk, cmd/subscribers.go",
        needs=_names("uuid,email,attributes,status"),
        says={
            "status": ColumnMeaning(_words(confirmed="enabled", left="disabled", suppressed="blocklisted"), must=True)
        },
        names=_names(_PEOPLE),
        note="listmonk's file does not say who left a single list; export with the subscription status 'confirmed'",
    ),
    OtherProgram(
        name="Ghost",
        source="Ghost, members-csv and the columns its importer offers (FIELD_MAPPINGS of its admin)",
        needs=_names("email,subscribed_to_emails"),
        says={
            "subscribedtoemails": ColumnMeaning(_words(confirmed="true,1", left="false,0"), must=True),
            "newsletters": ColumnMeaning({}, "confirmed"),
            "deletedat": ColumnMeaning({}, "left"),
        },
        names=_names(_PEOPLE),
        topics=_in_order("labels"),
    ),
    OtherProgram(
        name="Ghost",
        source="the issue of newsletters a member gets, by name, in exports that list them; none means no letter",
        needs=_names("email,newsletters,labels"),
        says={"newsletters": ColumnMeaning({}, "confirmed", must=True), "deletedat": ColumnMeaning({}, "left")},
        names=_names(_PEOPLE),
        topics=_in_order("labels"),
    ),
    OtherProgram(
        name="WordPress.com",
        source="Automattic/jetpack issue 40260 (a column of addresses and nothing else) and the four words of its page",
        needs=frozenset(),
        any_of=_names("email subscription"),
        says={
            "emailsubscription": ColumnMeaning(
                # "Not sending" covers bounces, complaints and pauses alike: they stay out, and can come back.
                _words(confirmed="subscribed", pending="not confirmed", left="not subscribed,not sending"),
                must=True,
            )
        },
    ),
    OtherProgram(
        name="Substack",
        source="the columns of Substack's export of subscribers, as users show them (not documented)",
        needs=_names("email,email_disabled"),
        says={"emaildisabled": ColumnMeaning(_yes(yes="left", no="confirmed"), must=True)},
        agreed=_in_order("created_at"),
        names=_names(_PEOPLE),
        harmless=_names("active_subscription,digest_enabled"),
    ),
    OtherProgram(
        name="phpList",
        source="phpList, admin/actions/export.php and the columns of its table of users",
        needs=_names("email"),
        any_of=_names("htmlemail,uniqid,subscribepage"),
        says={
            "confirmed": ColumnMeaning(_yes(yes="confirmed", no="pending"), must=True),
            "blacklisted": _BAD_FLAG,
            "isblacklisted": _BAD_FLAG,
            "disabled": _FLAG,
        },
        agreed=_in_order("entered,subscribed"),
        names=_names(_PEOPLE),
        harmless=_names("bouncecount,optedin,lastbounce"),
    ),
    OtherProgram(
        name="Brevo",
        source="developers.brevo.com, 'Export contacts', and the attributes of its exports; the column of blocked "
        "addresses as users show it",
        needs=_names("email"),
        any_of=_names("email_blacklisted,email_blocklisted,blacklisted,blocklisted,emailblacklisted,double_opt-in"),
        says={
            **dict.fromkeys(_names("email_blacklisted,email_blocklisted,blacklisted,blocklisted"), _FLAG),
            "doubleoptin": ColumnMeaning({**_yes(yes="confirmed", no="pending"), "2": "pending"}),
            "optin": CONSENT,
        },
        agreed=_in_order("opt_in_date,double_opt-in_date,added_time"),
        names=_names(_PEOPLE),
        harmless=_names("sms_blacklisted,sms_blocklisted,whatsapp_blacklisted,opt_in_date,double_opt-in_date"),
    ),
    OtherProgram(
        name="Kit",
        source="the columns of Kit's (ConvertKit's) export and the states of its subscribers (developers.kit.com, "
        "'List subscribers': active, inactive, bounced, cancelled, complained)",
        needs=_names("state"),
        any_of=_names("created at,subscribed at"),
        says={
            "state": ColumnMeaning(
                _words(confirmed="active", left="cancelled,canceled,inactive", suppressed="bounced,complained"),
                must=True,
            )
        },
        agreed=_in_order("subscribed at,created at"),
        names=_names(_PEOPLE),
        topics=_in_order("tags"),
    ),
    OtherProgram(
        name="Buttondown",
        source="buttondown/openapi, enums.json, SubscriberType; columns of its export and API",
        needs=_names("type"),
        any_of=_names("creation_date,unsubscription_date,referrer_url"),
        says={
            "type": ColumnMeaning(
                _words(
                    confirmed="regular,premium,gifted,trialed,churning,past_due,paused",
                    pending="unactivated",
                    left="unsubscribed,removed,churned,unpaid",
                    suppressed="undeliverable,complained,spammy,blocked,upstreamed,disabled",
                ),
                must=True,
            ),
            "unsubscriptiondate": ColumnMeaning({}, "left"),
        },
        agreed=_in_order("creation_date"),
        network=_in_order("ip_address"),
        page=_in_order("referrer_url,source"),
        names=_names(_PEOPLE),
        topics=_in_order("tags"),
        harmless=_names("unsubscription_reason"),
    ),
    OtherProgram(
        name="beehiiv",
        source="beehiiv's API, 'Subscriptions': validating, invalid, pending, active, inactive, "
        "needs_attention, paused",
        needs=_names("email,status"),
        any_of=_names("tier,subscription_tier,unsubscribed_at,utm_source"),
        says={
            "status": ColumnMeaning(
                _words(
                    confirmed="active,paused",
                    pending="pending,validating,needs_attention",
                    left="inactive",
                    suppressed="invalid",
                ),
                must=True,
            ),
            "unsubscribedat": ColumnMeaning({}, "left"),
        },
        agreed=_in_order("subscribed_at,created_at,created"),
        page=_in_order("referring_site,utm_source,acquisition_source"),
        names=_names(_PEOPLE),
        topics=_in_order("tags"),
    ),
    OtherProgram(
        name="Campaign Monitor",
        source="campaignmonitor.com's API, 'Lists': active, unconfirmed, unsubscribed, bounced, deleted; columns of "
        "its exports",
        needs=_names("email address,state"),
        says={
            "state": ColumnMeaning(
                _words(confirmed="active", pending="unconfirmed", left="unsubscribed,deleted", suppressed="bounced"),
                must=True,
            )
        },
        agreed=_in_order("date joined,date subscribed,date"),
        network=_in_order("ip address"),
        names=_names(_PEOPLE),
    ),
    OtherProgram(
        name="MailerLite",
        source="developers.mailerlite.com, 'Subscribers': active, unsubscribed, unconfirmed, bounced, junk",
        needs=_names("status,subscribed"),
        any_of=_names("opt-in date,unsubscribed,opens,clicks,sent,source"),
        says={
            "status": ColumnMeaning(
                _words(confirmed="active", pending="unconfirmed", left="unsubscribed", suppressed="bounced,junk,spam"),
                must=True,
            ),
            "unsubscribed": LEAVING,
        },
        agreed=_in_order("subscribed,subscribe date,date subscribed"),
        confirmed=_in_order("opt-in date,optin date"),
        network=_in_order("signup ip,opt-in ip,ip"),
        page=_in_order("source"),
        names=_names(_PEOPLE),
        topics=_in_order("groups"),
        harmless=_names("opt-in date,opt-in ip,subscribed,subscribe date"),
    ),
    OtherProgram(
        name="Keila",
        source="Keila, lib/keila/contacts: active, unsubscribed, unreachable; columns of its export",
        needs=_names("email,status,data"),
        any_of=_names("first name,last name,external id"),
        says={
            "status": ColumnMeaning(
                _words(confirmed="active", left="unsubscribed", suppressed="unreachable"), must=True
            )
        },
        names=_names(_PEOPLE),
    ),
    OtherProgram(
        name="Constant Contact",
        source="the columns of its exports, and 'email permission status' as its help explains it: express, implied, "
        "pending, unsubscribed, not set",
        needs=frozenset(),
        any_of=_names("email permission status,email status,email update source"),
        says={
            **dict.fromkeys(
                _names("email permission status,email status,status"),
                ColumnMeaning(
                    _words(
                        confirmed="active,express,implied,explicit,confirmed,subscribed",
                        pending="awaiting confirmation,pending,pending confirmation",
                        left="unsubscribed,opted out,not set,temp hold,no permission,removed,non-subscriber",
                        suppressed="bounced,do not mail,suspended",
                    ),
                    must=True,
                ),
            ),
            **dict.fromkeys(_names("email unsubscribed date,email unsubscribe date,opted out date"), LEAVING),
        },
        agreed=_in_order("email permission status date,confirmed opt-in date,opted in date,created at"),
        page=_in_order("email update source,source name,created source"),
        names=_names(_PEOPLE),
        topics=_in_order("tags,email lists"),
        harmless=_names("email unsubscribed reason,email permission status date,confirmed opt-in date,opted in date"),
    ),
    OtherProgram(
        name="SendGrid contacts",
        source="docs.sendgrid.com, 'Exporting contacts': contact_id, created_at, updated_at, lists; nobody who "
        "unsubscribed is told apart there",
        needs=_names("email,contact_id"),
        says={},
        names=_names(_PEOPLE),
        note="SendGrid's contacts do not say who unsubscribed or bounced: import its suppression files too",
    ),
    OtherProgram(
        name="SendGrid suppressions",
        source="SendGrid's files of suppressions: the fields of its API, '/v3/suppression/bounces', "
        "'invalid_emails' and 'spam_reports'",
        needs=_names("email,created"),
        any_of=_names("reason,ip"),
        only=_names("email,created,reason,status,ip"),
        says={},
        everybody="suppressed",
        files={"unsubscribe": "left"},
    ),
    OtherProgram(
        name="SendGrid suppressions",
        source="the same, '/v3/suppression/unsubscribes': an address and a moment, nothing more",
        needs=_names("email,created"),
        only=_names("email,created"),
        says={},
        files={
            "unsubscribe": "left",
            "bounce": "suppressed",
            "block": "suppressed",
            "spam": "suppressed",
            "invalid": "suppressed",
            "suppress": "suppressed",
        },
        asks="it has the two columns of SendGrid's lists of people who unsubscribed",
    ),
    OtherProgram(
        name="Mailman",
        source="Mailman 2, 'list_members' and its roster: nomail reasons U, A, B; Mailman 3, delivery_status",
        needs=frozenset(),
        any_of=_names("delivery_status,nomail,delivery status"),
        says={
            **dict.fromkeys(
                _names("delivery_status,delivery status"),
                ColumnMeaning(
                    _words(
                        confirmed="enabled",
                        # Delivery is off, whoever switched it: no letter goes to them there.
                        left="by_user,by_moderator,unknown",
                        suppressed="by_bounces",
                    )
                ),
            ),
            # Who switched letters off themselves is a member who gets none.
            "nomail": ColumnMeaning(
                {**_yes(yes="left", no="confirmed"), **_words(left="u,a,by user,by admin", suppressed="b,by bounces")}
            ),
            "bounceinfo": TROUBLE,
        },
        names=_names(_PEOPLE),
    ),
)


def recognise(names: list[str]) -> OtherProgram:
    """The program a file comes from, by the folded names of its columns.

    Args:
        names: Of all columns.
    """
    there = frozenset(names)
    return next((one for one in PROGRAMS if one.fits(there)), UNKNOWN)


COLUMNS_OF: Mapping[str, tuple[str, ...]] = {
    "agreed": _in_order(
        "optin time,opt-in time,opt-in date,optin date,consent date,consent time,gdpr date,subscribed at,subscribed on,"
        "date subscribed,subscription date,subscribe date,signup date,sign-up date,signed up,signed up at,date joined,"
        "joined,date d'inscription,date d'abonnement,inscrit le,abonné le,fecha de suscripción,fecha de alta,"
        "anmeldedatum,angemeldet am,eingetragen am,تاريخ الاشتراك,تاريخ التسجيل"
    ),
    "confirmed": _in_order(
        "confirm time,confirmed at,confirmed on,confirmation date,confirmé le,bestätigt am,تاريخ التأكيد"
    ),
    "network": _in_order("optin ip,opt-in ip,signup ip,consent ip,confirm ip,ip address,ip"),
    "page": _in_order("consent page,consent source,signup source,signup page,source,origin,المصدر"),
}
"""The same of files of nobody we know, by the names that people give such columns."""

PEOPLE = _names(_PEOPLE + ",nombre,apellidos,vorname,nachname,الاسم,الاسم الكامل,اسم العائلة,اللقب")
TAGS = _names("tags,tag,topics,interests,groups,labels,étiquettes,thèmes,etiquetas,temas,themen,وسوم,مواضيع,اهتمامات")
