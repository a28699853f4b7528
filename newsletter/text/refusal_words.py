"""The table of what mail servers say when they refuse a letter: codes and words, and what they mean (pure).

How they are weighed against each other: `newsletter.text.refusals`.

Sources: RFC 3463 and RFC 5248 with the registry "SMTP Enhanced Status Codes" of IANA for the codes, with RFC 6531
(5.6.7 to 5.6.10), RFC 6710 (5.7.15, 5.7.16), RFC 7293 (5.7.17 to 5.7.19), RFC 7372 (5.7.20 to 5.7.26), RFC 7505
(5.1.10, 5.7.27) and RFC 8689 (5.7.30). For the words, each row names its own: what the postmaster pages of Google
("Gmail SMTP errors and codes"), Microsoft ("Email non-delivery reports and SMTP errors in Exchange Online"), Yahoo
("SMTP Error Codes"), GMX ("Error messages"), Mimecast ("SMTP Error Codes"), Yandex ("Report on non-delivery") show,
and collections of bounces for those that publish none. None of it was tried against those servers.
"""

from __future__ import annotations

from collections.abc import Mapping

from subscribers.models import BounceKind

# Subject and detail of a permanent code; the longest beginning that fits.
CODES: Mapping[str, BounceKind] = {
    "1": "blocked",  # 5.1.0: about an address, perhaps the sender's (Exchange writes "sender denied" behind it)
    "1.1": "hard",  # no such mailbox
    "1.2": "hard",  # no such system
    "1.3": "invalid",  # not an address
    "1.5": "soft",  # says that the address is good
    "1.6": "hard",  # moved away
    "1.7": "policy",  # the sender's address
    "1.8": "policy",
    "1.9": "soft",  # went on to a system that reports nothing (RFC 3886)
    "1.10": "hard",  # the domain takes no mail (RFC 7505); Exchange Online: recipient not found
    "1.20": "policy",  # Exchange Online: several addresses in From
    "1.90": "policy",  # Exchange Online: the sender's limit of a day is reached
    "2": "soft",  # mailbox full and the like
    "2.1": "hard",  # mailbox disabled
    "2.3": "policy",  # longer than an administrator allows
    "3": "soft",
    "3.4": "policy",  # bigger than the system takes
    "4": "soft",  # network and routing, theirs or ours
    "4.1": "blocked",  # no answer; Exchange Online writes it for "access denied", see below
    "5": "blocked",  # protocol: says nothing of why
    "5.3": "policy",  # too many recipients at once
    "6": "policy",  # about what was sent
    "6.7": "blocked",  # an address beyond ASCII, theirs or ours
    "7": "policy",  # security, authentication
    "7.17": "hard",  # the mailbox belongs to somebody else now
    "7.18": "hard",  # the domain belongs to somebody else now
}

VAGUE = ("0", "1.0", "2.0", "3.0", "4", "5", "7.0", "7.1")
"""Beginnings of codes that servers write for want of a better one, so that words about the mailbox count more."""

WORDS: tuple[tuple[BounceKind, str, str], ...] = (
    # ---- not hard, whatever else is said: the first row that fits
    (
        "policy",
        "limits of the sender: Gmail 5.4.5 and 4.2.1 (relay), Exchange Online 5.1.90, Postfix policy services",
        r"(?:send(?:ing|er)|outgoing|outbound|daily|hourly|relay|message rate).{0,24}(?:quota|limit)"
        r"|(?:quota|limits?)\b.{0,24}(?:sending|sender|outgoing|outbound|per (?:day"
        r"|hour|minute|connection|session|ip))",
    ),
    (
        "soft",
        "the reader's mailbox is busy: Gmail 4.2.1 and 5.2.1, Yahoo 450, Exchange Online 4.3.2 and 5.2.121, "
        "Rackspace G30",
        r"receiving (?:e?-?mails?|messages?) (?:too quickly|at a rate)|recipient thread limit"
        r"|(?:mailbox|recipient|user) (?:has )?(?:received|is receiving|gets?) too (?:much|many)"
        r"|recipient.{0,30}exceeded.{0,60}receive|mailbox (?:is )?(?:busy|locked|in use)",
    ),
    (
        "soft",
        "the reader's mailbox is full: RFC 3463 X.2.2; Gmail 5.2.2, Web.de, T-Online, Yandex, Mail.ru, GMX, Exchange",
        r"over ?quota|quota.{0,30}exce|exce\w+.{0,40}quota|disk ?quota|out of (?:storage|disk|space)|storage space"
        r"|insufficient (?:disk|storage)|no space left|too many messages (?:on|in)"
        r"|not enough (?:storage|space|room)"
        r"|(?:mailbox|mail ?box|account|inbox|quota|storage|folder|disk|user'?s? \w+) (?:is "
        r"|has )?(?:been )?(?:full|exceed)"
        r"|(?:mailbox|inbox|account).{0,40}(?:\bfull\b|exceed|size limit|over (?:its|the) )|mailfull|full mailbox"
        r"|postfach.{0,30}voll|speichervolumen|bo[iî]te.{0,30}pleine|quota d[ée]pass|buz[oó]n.{0,20}llen"
        r"|caixa.{0,30}cheia|casella.{0,20}piena|ящик.{0,30}(?:переполнен|заполнен)"
        r"|الصندوق ممتلئ|ممتلئ|邮箱已满|容量已满"
        r"|enough (?:disk )?space|no space\b|(?:user'?s|disk|allowed|mailbox) space"
        r"|space .{0,12}(?:used up|exhaust)|(?:allowed|allocated) storage|storage (?:allocation|limit)"
        r"|quota violation|too much (?:mail )?data|exceeding receiving",
    ),
    (
        "policy",
        "who may send: RFC 7208, 6376, 7489, 7372; Gmail 5.7.26, Microsoft 5.7.23 and 5.7.515, Apple, GMX, "
        "Mimecast, Yandex",
        r"\b(?:spf|dkim|dmarc|arc|bimi|sender ?id)\b|un?authenticat|\bauthenticat|authori[sz]|domain owner"
        r"|(?:not|never) (?:allowed|permitted|entitled|designated)|not allow|spoof|imperson|forged|fake sender"
        r"|purported responsible|mail exchanger|mismatch|confirm this|sendas\w*|captcha|open proxy|\bproxy\b"
        r"|your (?:e-?mail )?(?:account|address)\b|used to send",
    ),
    (
        "policy",
        "a rule of theirs: RFC 3463 X.7.1; Apple CS01, Gmail 'gcdp', GMX, Mimecast, Outlook 'part of their network'",
        r"polic(?:y|ies)|politique|pol[íi]tica|richtlinie|политик|سياسة|security (?:reason|restriction|setting)"
        r"|administrative(?:ly)? (?:prohibit|den)|transport rule|mail ?rule|compliance|prohibited"
        r"|against the rules|suspicious|violation|mailing list|members?[ -]only|non-?member"
        r"|not (?:a member|subscribed)|suspension|go away|\bacl\b|firewall|access from",
    ),
    (
        "policy",
        "lists and reputation: Microsoft S3140, 5.7.606 and 5.7.511, Yahoo BL21 and TSS04, GMX, Proofpoint, "
        "Barracuda, Spamhaus",
        r"(?:black|block|deny|reject|bad)[ -]?list|\b(?:dnsbl|rbl|dbl|uribl|surbl|sbl|xbl|pbl|cbl)\b|spamhaus"
        r"|spamcop|sorbs|barracuda|reputation|senderbase|senderscore|\bbanned|\bbann?ing\b"
        r"|(?<!not )listed (?:in|on|by|at)\b|is listed|\babus|complaint"
        r"|block(?:ed|ing)? (?:us(?:ing|ed)|by|for|due|because|from|at|until|temporar)"
        r"|blocked\W{0,3}(?:see|visit|contact|refer)|part of their network"
        r"|(?:\bip\b|address(?:es)?|host|server|domain|network|range|message|mail"
        r"|sender|traffic|content)s?\W{1,3}(?:\S+ ){0,3}(?:is|are|was|were|has been"
        r"|have been|being) (?:\w+ )?(?:block|bann|refus|den[iy]|reject)"
        r"|(?:permanent|temporary|failure).{0,80}:\s*blocked|envelope blocked|\bblocked senders?|block(?:ed)? by"
        r"|(?:refused|rejected|denied)\W{0,3}(?:see|visit|contact)\b|harvest|attack|(?<!delivery )attempts\b(?!:)"
        r"|(?:unknown|invalid|bad|non-?existe\w+) (?:users|recipients|addresses|mailboxes)|(?<!get )\bips?\b"
        r"|refused to talk",
    ),
    (
        "policy",
        "the sending server and its names in DNS: Postfix, Exim, Gmail 5.7.25, Rackspace G1F, AT&T, Yandex, GMX",
        r"client host|sending (?:server|host|ip|mta|domain|system)|connecting (?:host|ip|server|client)"
        r"|reverse[ -]?(?:dns|hostname|lookup|record)|\brdns\b|(?<!from )\bptr\b|\b(?:helo|ehlo)\b"
        r"|your (?:ip\b|(?:mail ?)?(?:server|host)\b|domain\b|network|isp\b|hostname)|\bfcrdns\b"
        r"|dynamic(?:ally)? (?:ip|assigned)|\bmail server .{0,30}not permitted",
    ),
    (
        "policy",
        "the sender's address: RFC 3463 X.1.7 and X.1.8; Postfix, Exim callouts, Exchange 5.1.0, Mimecast, Spambrella",
        r"\bsenders?\b(?! (?:score))|\bmail ?from\b|return[ -]?path|envelope from|from (?:address|header|domain)"
        r"|\boriginator|\bcallout|call-out|absender|exp[ée]diteur|remitente|mittente|отправител|المرسل|badsender"
        r"|[ée]metteur|from: |fully[- ]qualified",
    ),
    (
        "policy",
        "what was sent: RFC 3463 X.6; Gmail, Yahoo, Apple HM08, Mail.ru, Yandex, Barracuda, Mimecast, Proofpoint",
        r"spam|\bjunk\b|\bubem?\b|\bu[cb]e\b|unsolicited|\bbulk|unwanted|virus|malware|malicious|phish|infected"
        r"|\bscam|fraud|\bcontent|attachment|\burls?\b|\blinks?\b"
        r"|message (?:was |is |has been )?(?:rejected|refused|blocked|filtered|not accepted(?! -- invalid))"
        r"|objectionable|inappropriate|offensive|quarantin|fingerprint|cloudmark|spamassassin|\bscore\b"
        r"|\bheaders?\b|missing (?:date|message-id|subject)|rfc ?[0-9]?[58]22|invalid smtpapi|filter|\bspammy|спам"
        r"|mass[ -]mail|multiple addresses",
    ),
    (
        "policy",
        "pace, and who is new here: RFC 6647; Gmail 4.7.28, Yahoo TSS04, GMX, Apple 4.7.1, Mimecast 451, Comcast, "
        "Orange",
        r"gr[ae]y[ -]?list|postgrey|\brate(?:s|d)?\b|rate[ -]?limit|throttl"
        r"|too (?:many (?!hops)|fast|frequent|quickly)|\bvolume|unusual|flood|excessive|connection limit"
        r"|limit (?:has been |is )?(?:exceeded|reached)|exceeded the (?:\w+ )?limit|\bdeferred|slow down|tarpit"
        r"|back ?off|\bwarm|reduce the number|number of (?:recipients|messages|posts|connections)",
    ),
    (
        "policy",
        "its size: RFC 1870, RFC 3463 X.2.3 and X.3.4",
        r"too (?:large|big)|(?:message|mail|line|header|subject)s? (?:is |are )?too long"
        r"|(?:message|mail|letter|header|maximum|max\w*|fixed) (?:\w+ )?size|size (?:limit|exceed|of)"
        r"|exceeds? (?:the )?(?:\w+ )?(?:max|size|limit|fixed)|length exceeds|zu gro(?:ß|ss)"
        r"|trop (?:gros|volumineu)",
    ),
    (
        "policy",
        "encryption, and who may relay: RFC 3207, 8461, 8689, RFC 3463 X.7.4 to X.7.11; Postfix, Exim, Exchange 5.7.64",
        r"\btls\b|starttls|encrypt|certificate|\bcipher|\bdane\b|mta-?sts|\brelay(?:ing|ed)?\b(?!=)|\brequiretls"
        r"|rcpthosts|not (?:a )?local (?:domain|host)|open relay|gateway user",
    ),
    (
        "soft",
        "the domain's name server did not answer, which is no word of the domain: Postfix 4.4.3, Exchange "
        "5.4.312, relays",
        r"host not found,? try again|name server|nameserver|\bservfail"
        r"|dns (?:error|failure|query|timeout|lookup|problem|temporar)|unable to get mx"
        r"|lookup (?:failure|failed|timed?)|cannot resolve|(?:dns|domain|name).{0,30}temporar|dnserror|mx lookup",
    ),
    (
        "soft",
        "the moment: RFC 3463 X.3 and X.4; Exim, Postfix, Sendmail, Exchange 4.4.7 and 5.4.316, Yahoo, Mail.ru, Yandex",
        r"temporar|transient|(?:again|try|retry|resend|message)\b.{0,24}\blater\b|later\b.{0,20}\b(?:again|retry)"
        r"|please retry|retry time|time[ -]?d? ?out|timeout|timed out|refused connection"
        r"|connection (?:refused|reset|closed|lost|dropped|timed|failed|died)"
        r"|(?:lost|broken|could not|couldn't|unable to|failed to|cannot|can't) connect|unreachable|no route to"
        r"|network|overload|\bbusy|(?:insufficient|not enough) (?:system )?(?:resource|memory)|resources"
        r"|service (?:not|un)available|shutting down|(?:message|delivery time|queue|retry).{0,12}expired"
        r"|too (?:old|long in)|queue.{0,20}too long|too many hops|\bloop|hop count|internal (?:server )?error"
        r"|local error|maintenance|not (?:currently )?accepting (?:network )?messages?|try(?:ing)? again in"
        r"|plus tard|sp[äa]ter (?:erneut|wieder)|m[áa]s tarde|mais tarde|più tardi|позже|لاحق|稍后",
    ),
    # ---- about the address; counts when no code says otherwise
    (
        "invalid",
        "not an address: RFC 3463 X.1.3; Gmail 5.1.3, Yandex, Exchange",
        r"not a valid (?:rfc|e?-?mail|smtp|mailbox|address)"
        r"|(?:bad|invalid|malformed|illegal) (?:\w+ )?(?:address |mailbox )?syntax"
        r"|syntax error in (?:\w+ )?(?:address|mailbox|recipient)|(?:address|mailbox) syntax"
        r"|malformed (?:address|recipient)",
    ),
    (
        "hard",
        "no such mailbox: RFC 5321 550 and 551; Gmail 5.1.1, Outlook 5.5.0, Exchange 5.1.10, Yahoo 'dd', Apple, "
        "GMX, Web.de, Yandex, Mail.ru, T-Online, AOL, Lycos, Domino, qmail, Exim, Postfix, Barracuda, Proofpoint, "
        "Cisco 5.1.0",
        r"unknown (?:or illegal )?(?:\w+ )?(?:user|recipient|mailbox|address|alias"
        r"|account|local[ -]part|customer|person)|illegal alias"
        r"|no (?:such|valid) (?:\w+ )?(?:user|recipient|mailbox|person|address|account"
        r"|alias|addressee|id|customer|local user)\b"
        r"|no (?:mailbox|account|user|recipient)s?\b.{0,24}\b(?:by|with|of|under|at"
        r"|for) (?:that|this) (?:name|address)|no mailbox here"
        r"|(?:user|mail ?box|recipient|account|address|addressee|alias|local[ -]part"
        r"|customer|person|e-?mail)s?\W{0,4}(?:\S+ ){0,6}?(?:(?:is|was|has been|could"
        r"|can) ?(?:not |n't )?|)\W{0,3}(?:unknown|not known|not found|not present"
        r"|be found|couldn't be found|unavailable|does ?n[o']t exist|not exist|non-?existent"
        r"|not valid|invalid|disabled|inactive|deactivated|closed|deleted|discontinued"
        r"|terminated|removed|no longer|not listed|not active|not recogni[sz]ed|undeliverable"
        r"|cancell?ed|expired)"
        r"|(?:does ?n[o']t|did not|do not|don't) (?:exist|have an?\b.{0,60}\baccount|like recipient)"
        r"|invalid (?:recipient|mailbox|user|account|address\b|destination)|recip(?:ient)?_?not_?found|nosuchuser"
        r"|user_unknown|no longer (?:with|works?|employed|available|in use|valid|active|here|exists?)"
        r"|not (?:a|our) (?:\w+ )?(?:customer|user|subscriber)|has (?:moved|left|changed (?:his|her|their|its))"
        r"|not listed in|bad (?:destination|recipient|mailbox)|address not found"
        r"|(?:deactivated|disabled|inactive|dead|closed|abandoned|deleted) (?:mailbox"
        r"|account|user|address|e-?mail)|unrout(?:e)?able|5\.1\.0\W{1,3}address rejected|undeliverable address"
        r"|not our (?:customer|user)|user not local|nonexistent|history of bouncing as an invalid"
        r"|<\W{0,4}>\W{0,4}(?:is )?not found|archived recipient|can't accept user|not an active \w+"
        r"|no mail ?box(?:es)?\b.{0,24}\b(?:available|found)|no valid recipient"
        r"|non-?existent (?:user|address|mailbox|account)|no one at this|unknown e-?mail"
        r"|(?:user|recipient) is not here",
    ),
    (
        "hard",
        "no such domain, or one that takes no mail: RFC 7505; Postfix 5.4.4, Exim, Sendmail 5.1.2, Exchange "
        "5.4.310, Yandex",
        r"(?:domain|host|zone)\b(?: name)?\W{0,4}(?:\S+ ){0,3}?(?:not found|does ?n[o']t exist"
        r"|unknown|non-?existent)|null ?mx|nxdomain|unknown (?:host|domain|destination)|no such (?:host|domain)"
        r"|domainnonexist|infodomainnonexistent|name or service not known"
        r"|does ?n[o']t (?:accept|receive) (?:any )?(?:e-?)?mail|host found but no data record"
        r"|mx records? point to non-?existent|no mail (?:servers?|exchangers?)|no mx (?:record|host)",
    ),
    (
        "hard",
        "the same in other languages: German, French, Spanish, Italian, Portuguese, Russian, Turkish, Arabic, "
        "Hebrew, Chinese",
        r"benutzer.{0,30}(?:unbekannt|nicht (?:bekannt|gefunden|vorhanden))"
        r"|unbekannte[rs]? (?:benutzer|empf|adress)"
        r"|(?:empf[äa]nger|adresse|postfach).{0,40}(?:unbekannt|nicht gefunden|existiert nicht"
        r"|nicht vorhanden|gelöscht)"
        r"|(?:utilisateur|destinataire|adresse|bo[iî]te|compte).{0,40}(?:inconnu|introuvable"
        r"|n'existe pas|inexistant|d[ée]sactiv)"
        r"|(?:usuario|destinatario|direcci[oó]n|buz[oó]n|cuenta).{0,40}(?:desconocid"
        r"|no existe|no encontrad|no se encontr|inexistente)"
        r"|(?:utente|destinatario|casella|indirizzo).{0,40}(?:sconosciut|inesistente|non esiste|non trovat)"
        r"|(?:usu[áa]rio|destinat[áa]rio|endere[çc]o|caixa).{0,40}(?:desconhecid|não existe"
        r"|inexistente|não encontrad)"
        r"|(?:пользовател|адрес|ящик|получател).{0,40}(?:не (?:найден|существует|зарегистрирован)"
        r"|неизвест|удал[её]н)|нет такого|(?:kullanıcı|alıcı|adres).{0,30}(?:bulunamadı|yok|bilinmiyor)"
        r"|(?:العنوان|المستخدم|المستلم|البريد|الحساب).{0,40}(?:غير موجود|غير معروف|لم يتم العثور|معطل|مغلق)"
        r"|لم يتم العثور على (?:العنوان|المستلم)|(?:הנמען|הכתובת|המשתמש|תיבת).{0,30}(?:לא נמצא|לא קיי|אינ[הו] קיי)"
        r"|(?:用户|收件人|邮箱|账号|帐号).{0,8}(?:不存在|未找到|已停用|无效)",
    ),
    (
        "blocked",
        "Exchange Online, 5.4.1: Microsoft says that the address is not in the directory (edge blocking), and "
        "also that it comes while a directory or a domain is not synchronised; Postfix writes the same words for "
        "any rule about a recipient",
        r"(?:address|recipient)(?:es)?\W{0,4}(?:\S+ ){0,3}?(?:rejected|refused|denied|blocked)|access denied"
        r"|permission denied",
    ),
)
"""Kind, source and regular expression, in the order they are tried, held against lower-case words."""
