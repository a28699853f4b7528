"""The table of other programs: one entry for each kind of file they export (pure).

Each entry names what it rests on. Where a program's documentation does not list its columns, they are those of its
exports as users show them, and a column that is not here is held against the words of `subscribers.csvfile.columns`
all the same: so what an entry forgets stops the import instead of mailing somebody.
"""

from __future__ import annotations

from subscribers.csvfile.columns import CONSENT, LEAVING, TROUBLE, ColumnMeaning
from subscribers.csvfile.naming import PEOPLE_NAMES, in_order, names_of, words, yes_or_no
from subscribers.csvfile.other_programs import UNKNOWN, OtherProgram

TOPICS, PAUSE = "declinedtopics", "pauseduntil"
"""Folded names of the columns of our own export that hold what a person chose."""

_FLAG = ColumnMeaning(yes_or_no(yes="left", no="confirmed"))
_BAD_FLAG = ColumnMeaning(yes_or_no(yes="suppressed", no="confirmed"))
_MAILPOET = ColumnMeaning(
    # "inactive" has not opened a letter for long; it still is a confirmed subscription.
    words(confirmed="subscribed,inactive", pending="unconfirmed", left="unsubscribed", suppressed="bounced"),
    must=True,
)

PROGRAMS = (
    OtherProgram(
        name="Nashra",
        source="subscribers/actions/exporting.py",
        needs=names_of("address,status,rhythm,suppressed,declined_topics,paused_until"),
        says={
            "status": ColumnMeaning(words(confirmed="confirmed", pending="pending", left="left"), must=True),
            "suppressed": ColumnMeaning({}, "suppressed"),
        },
        harmless=names_of(
            "consent_act,consent_at,consent_how,consent_words,consent_network,consent_page,consent_reason,consent_story"
        ),
        guarded=True,
    ),
    OtherProgram(
        name="Mailchimp",
        source="mailchimp.com, 'View or export contacts': four files, for subscribed, unsubscribed, non-subscribed and "
        "cleaned (bounced) contacts; columns as their exports have them",
        needs=names_of("email address"),
        any_of=names_of("member_rating,leid,euid"),
        says={
            "unsubtime": ColumnMeaning({}, "left"),
            "cleantime": ColumnMeaning({}, "suppressed"),
            # A contact who never subscribed has no such moment: only that tells a renamed fourth file.
            "confirmtime": ColumnMeaning({}, "confirmed", must=True),
        },
        files={"unsubscribed": "left", "cleaned": "suppressed"},
        no_readers={"nonsubscribed": "Mailchimp's non-subscribed contacts never agreed to get letters"},
        agreed=in_order("optin_time,confirm_time"),
        confirmed=in_order("confirm_time"),
        network=in_order("confirm_ip,optin_ip"),
        names=names_of(PEOPLE_NAMES),
        topics=in_order("tags,interests"),
        harmless=names_of(
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
        any_of=names_of("list status,global status"),
        says={"liststatus": _MAILPOET, "globalstatus": _MAILPOET},
        agreed=in_order("subscribed at,created at"),
        network=in_order("ip address,subscribed ip,confirmed ip"),
        confirmed=in_order("confirmed at"),
        names=names_of(PEOPLE_NAMES),
        escape="\\",
        guarded=True,
        note="whoever unsubscribed from one of the exported lists stays out",
    ),
    OtherProgram(
        name="listmonk",
        source="listmonk, cmd/subscribers.go",
        needs=names_of("uuid,email,attributes,status"),
        says={
            "status": ColumnMeaning(words(confirmed="enabled", left="disabled", suppressed="blocklisted"), must=True)
        },
        names=names_of(PEOPLE_NAMES),
        note="listmonk's file does not say who left a single list; export with the subscription status 'confirmed'",
    ),
    OtherProgram(
        name="Ghost",
        source="Ghost, members-csv and the columns its importer offers (FIELD_MAPPINGS of its admin)",
        needs=names_of("email,subscribed_to_emails"),
        says={
            "subscribedtoemails": ColumnMeaning(words(confirmed="true,1", left="false,0"), must=True),
            "newsletters": ColumnMeaning({}, "confirmed"),
            "deletedat": ColumnMeaning({}, "left"),
        },
        names=names_of(PEOPLE_NAMES),
        topics=in_order("labels"),
    ),
    OtherProgram(
        name="Ghost",
        source="the issue of newsletters a member gets, by name, in exports that list them; none means no letter",
        needs=names_of("email,newsletters,labels"),
        says={"newsletters": ColumnMeaning({}, "confirmed", must=True), "deletedat": ColumnMeaning({}, "left")},
        names=names_of(PEOPLE_NAMES),
        topics=in_order("labels"),
    ),
    OtherProgram(
        name="WordPress.com",
        source="Automattic/jetpack issue 40260 (a column of addresses and nothing else) and the four words of its page",
        needs=frozenset(),
        any_of=names_of("email subscription"),
        says={
            "emailsubscription": ColumnMeaning(
                # "Not sending" covers bounces, complaints and pauses alike: they stay out, and can come back.
                words(confirmed="subscribed", pending="not confirmed", left="not subscribed,not sending"),
                must=True,
            )
        },
    ),
    OtherProgram(
        name="Substack",
        source="the columns of Substack's export of subscribers, as users show them (not documented)",
        needs=names_of("email,email_disabled"),
        says={"emaildisabled": ColumnMeaning(yes_or_no(yes="left", no="confirmed"), must=True)},
        agreed=in_order("created_at"),
        names=names_of(PEOPLE_NAMES),
        harmless=names_of("active_subscription,digest_enabled"),
    ),
    OtherProgram(
        name="phpList",
        source="phpList, admin/actions/export.php and the columns of its table of users",
        needs=names_of("email"),
        any_of=names_of("htmlemail,uniqid,subscribepage"),
        says={
            "confirmed": ColumnMeaning(yes_or_no(yes="confirmed", no="pending"), must=True),
            "blacklisted": _BAD_FLAG,
            "isblacklisted": _BAD_FLAG,
            "disabled": _FLAG,
        },
        agreed=in_order("entered,subscribed"),
        names=names_of(PEOPLE_NAMES),
        harmless=names_of("bouncecount,optedin,lastbounce"),
    ),
    OtherProgram(
        name="Brevo",
        source="developers.brevo.com, 'Export contacts', and the attributes of its exports; the column of blocked "
        "addresses as users show it",
        needs=names_of("email"),
        any_of=names_of("email_blacklisted,email_blocklisted,blacklisted,blocklisted,emailblacklisted,double_opt-in"),
        says={
            **dict.fromkeys(names_of("email_blacklisted,email_blocklisted,blacklisted,blocklisted"), _FLAG),
            "doubleoptin": ColumnMeaning({**yes_or_no(yes="confirmed", no="pending"), "2": "pending"}),
            "optin": CONSENT,
        },
        agreed=in_order("opt_in_date,double_opt-in_date,added_time"),
        names=names_of(PEOPLE_NAMES),
        harmless=names_of("sms_blacklisted,sms_blocklisted,whatsapp_blacklisted,opt_in_date,double_opt-in_date"),
    ),
    OtherProgram(
        name="Kit",
        source="the columns of Kit's (ConvertKit's) export and the states of its subscribers (developers.kit.com, "
        "'List subscribers': active, inactive, bounced, cancelled, complained)",
        needs=names_of("state"),
        any_of=names_of("created at,subscribed at"),
        says={
            "state": ColumnMeaning(
                words(confirmed="active", left="cancelled,canceled,inactive", suppressed="bounced,complained"),
                must=True,
            )
        },
        agreed=in_order("subscribed at,created at"),
        names=names_of(PEOPLE_NAMES),
        topics=in_order("tags"),
    ),
    OtherProgram(
        name="Buttondown",
        source="buttondown/openapi, enums.json, SubscriberType; columns of its export and API",
        needs=names_of("type"),
        any_of=names_of("creation_date,unsubscription_date,referrer_url"),
        says={
            "type": ColumnMeaning(
                words(
                    confirmed="regular,premium,gifted,trialed,churning,past_due,paused",
                    pending="unactivated",
                    left="unsubscribed,removed,churned,unpaid",
                    suppressed="undeliverable,complained,spammy,blocked,upstreamed,disabled",
                ),
                must=True,
            ),
            "unsubscriptiondate": ColumnMeaning({}, "left"),
        },
        agreed=in_order("creation_date"),
        network=in_order("ip_address"),
        page=in_order("referrer_url,source"),
        names=names_of(PEOPLE_NAMES),
        topics=in_order("tags"),
        harmless=names_of("unsubscription_reason"),
    ),
    OtherProgram(
        name="beehiiv",
        source="beehiiv's API, 'Subscriptions': validating, invalid, pending, active, inactive, "
        "needs_attention, paused",
        needs=names_of("email,status"),
        any_of=names_of("tier,subscription_tier,unsubscribed_at,utm_source"),
        says={
            "status": ColumnMeaning(
                words(
                    confirmed="active,paused",
                    pending="pending,validating,needs_attention",
                    left="inactive",
                    suppressed="invalid",
                ),
                must=True,
            ),
            "unsubscribedat": ColumnMeaning({}, "left"),
        },
        agreed=in_order("subscribed_at,created_at,created"),
        page=in_order("referring_site,utm_source,acquisition_source"),
        names=names_of(PEOPLE_NAMES),
        topics=in_order("tags"),
    ),
    OtherProgram(
        name="Campaign Monitor",
        source="campaignmonitor.com's API, 'Lists': active, unconfirmed, unsubscribed, bounced, deleted; columns of "
        "its exports",
        needs=names_of("email address,state"),
        says={
            "state": ColumnMeaning(
                words(confirmed="active", pending="unconfirmed", left="unsubscribed,deleted", suppressed="bounced"),
                must=True,
            )
        },
        agreed=in_order("date joined,date subscribed,date"),
        network=in_order("ip address"),
        names=names_of(PEOPLE_NAMES),
    ),
    OtherProgram(
        name="MailerLite",
        source="developers.mailerlite.com, 'Subscribers': active, unsubscribed, unconfirmed, bounced, junk",
        needs=names_of("status,subscribed"),
        any_of=names_of("opt-in date,unsubscribed,opens,clicks,sent,source"),
        says={
            "status": ColumnMeaning(
                words(confirmed="active", pending="unconfirmed", left="unsubscribed", suppressed="bounced,junk,spam"),
                must=True,
            ),
            "unsubscribed": LEAVING,
        },
        agreed=in_order("subscribed,subscribe date,date subscribed"),
        confirmed=in_order("opt-in date,optin date"),
        network=in_order("signup ip,opt-in ip,ip"),
        page=in_order("source"),
        names=names_of(PEOPLE_NAMES),
        topics=in_order("groups"),
        harmless=names_of("opt-in date,opt-in ip,subscribed,subscribe date"),
    ),
    OtherProgram(
        name="Keila",
        source="Keila, lib/keila/contacts: active, unsubscribed, unreachable; columns of its export",
        needs=names_of("email,status,data"),
        any_of=names_of("first name,last name,external id"),
        says={
            "status": ColumnMeaning(words(confirmed="active", left="unsubscribed", suppressed="unreachable"), must=True)
        },
        names=names_of(PEOPLE_NAMES),
    ),
    OtherProgram(
        name="Constant Contact",
        source="the columns of its exports, and 'email permission status' as its help explains it: express, implied, "
        "pending, unsubscribed, not set",
        needs=frozenset(),
        any_of=names_of("email permission status,email status,email update source"),
        says={
            **dict.fromkeys(
                names_of("email permission status,email status,status"),
                ColumnMeaning(
                    words(
                        confirmed="active,express,implied,explicit,confirmed,subscribed",
                        pending="awaiting confirmation,pending,pending confirmation",
                        left="unsubscribed,opted out,not set,temp hold,no permission,removed,non-subscriber",
                        suppressed="bounced,do not mail,suspended",
                    ),
                    must=True,
                ),
            ),
            **dict.fromkeys(names_of("email unsubscribed date,email unsubscribe date,opted out date"), LEAVING),
        },
        agreed=in_order("email permission status date,confirmed opt-in date,opted in date,created at"),
        page=in_order("email update source,source name,created source"),
        names=names_of(PEOPLE_NAMES),
        topics=in_order("tags,email lists"),
        harmless=names_of("email unsubscribed reason,email permission status date,confirmed opt-in date,opted in date"),
    ),
    OtherProgram(
        name="SendGrid contacts",
        source="docs.sendgrid.com, 'Exporting contacts': contact_id, created_at, updated_at, lists; nobody who "
        "unsubscribed is told apart there",
        needs=names_of("email,contact_id"),
        says={},
        names=names_of(PEOPLE_NAMES),
        note="SendGrid's contacts do not say who unsubscribed or bounced: import its suppression files too",
    ),
    OtherProgram(
        name="SendGrid suppressions",
        source="SendGrid's files of suppressions: the fields of its API, '/v3/suppression/bounces', "
        "'invalid_emails' and 'spam_reports'",
        needs=names_of("email,created"),
        any_of=names_of("reason,ip"),
        only=names_of("email,created,reason,status,ip"),
        says={},
        everybody="suppressed",
        files={"unsubscribe": "left"},
    ),
    OtherProgram(
        name="SendGrid suppressions",
        source="the same, '/v3/suppression/unsubscribes': an address and a moment, nothing more",
        needs=names_of("email,created"),
        only=names_of("email,created"),
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
        any_of=names_of("delivery_status,nomail,delivery status"),
        says={
            **dict.fromkeys(
                names_of("delivery_status,delivery status"),
                ColumnMeaning(
                    words(
                        confirmed="enabled",
                        # Delivery is off, whoever switched it: no letter goes to them there.
                        left="by_user,by_moderator,unknown",
                        suppressed="by_bounces",
                    )
                ),
            ),
            # Who switched letters off themselves is a member who gets none.
            "nomail": ColumnMeaning(
                {
                    **yes_or_no(yes="left", no="confirmed"),
                    **words(left="u,a,by user,by admin", suppressed="b,by bounces"),
                }
            ),
            "bounceinfo": TROUBLE,
        },
        names=names_of(PEOPLE_NAMES),
    ),
)


def recognise(names: list[str]) -> OtherProgram:
    """The program a file comes from, by the folded names of its columns.

    Args:
        names: Of all columns.
    """
    there = frozenset(names)
    return next((one for one in PROGRAMS if one.fits(there)), UNKNOWN)
