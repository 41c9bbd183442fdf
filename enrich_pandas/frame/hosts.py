"""Domains that name nobody's company, and mailboxes that are nobody's own: one table."""

# Anybody may have an address there.
# fmt: off
FREE_MAIL = frozenset({
    "126.com", "163.com", "aol.com", "att.net", "bigpond.com", "btinternet.com", "comcast.net",
    "cox.net", "daum.net", "duck.com", "earthlink.net", "fastmail.com", "free.fr", "freenet.de",
    "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com",
    "hanmail.net", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr",
    "hotmail.it", "icloud.com", "inbox.com", "laposte.net", "libero.it", "live.co.uk", "live.com",
    "live.fr", "live.nl", "mac.com", "mail.com", "mail.ru", "mailbox.org", "me.com", "msn.com",
    "naver.com", "orange.fr", "outlook.com", "outlook.de", "outlook.fr", "pm.me", "posteo.de",
    "proton.me", "protonmail.com", "qq.com", "rediffmail.com", "rocketmail.com", "sbcglobal.net",
    "sfr.fr", "sina.com", "sky.com", "t-online.de", "tutanota.com", "uol.com.br", "verizon.net",
    "virgilio.it", "wanadoo.fr", "web.de", "yahoo.ca", "yahoo.co.in", "yahoo.co.jp",
    "yahoo.co.uk", "yahoo.com", "yahoo.com.br", "yahoo.de", "yahoo.es", "yahoo.fr", "yahoo.in",
    "yahoo.it", "yandex.com", "yandex.ru", "ymail.com", "zoho.com", "zohomail.com",
})
# fmt: on

# A page there is not a site of one's own.
# fmt: off
SOCIAL_NETWORKS = frozenset({
    "crunchbase.com", "facebook.com", "fb.com", "github.com", "instagram.com", "linkedin.com",
    "lnkd.in", "medium.com", "pinterest.com", "t.me", "tiktok.com", "twitter.com", "wa.me",
    "wikipedia.org", "x.com", "xing.com", "youtube.com",
})
# fmt: on

# An address there is thrown away after use.
# fmt: off
DISPOSABLE = frozenset({
    "10minutemail.com", "10minutemail.net", "armyspy.com", "burnermail.io", "cuvox.de",
    "dayrep.com", "discard.email", "dispostable.com", "einrot.com", "emailondeck.com",
    "fakeinbox.com", "fleckens.hu", "getnada.com", "grr.la", "guerrillamail.biz",
    "guerrillamail.com", "guerrillamail.de", "guerrillamail.info", "guerrillamail.net",
    "guerrillamail.org", "guerrillamailblock.com", "gustr.com", "inboxkitten.com", "jourrapide.com",
    "mailcatch.com", "maildrop.cc", "mailexpire.com", "mailinator.com", "mailinator.net",
    "mailnesia.com", "mailsac.com", "mintemail.com", "minuteinbox.com", "moakt.com", "mohmal.com",
    "mytemp.email", "mytrashmail.com", "nada.email", "pokemail.net", "rhyta.com", "sharklasers.com",
    "spam4.me", "spamgourmet.com", "superrito.com", "teleworm.us", "temp-mail.io", "temp-mail.org",
    "tempail.com", "tempinbox.com", "tempmail.com", "tempmailo.com", "tempr.email",
    "throwawaymail.com", "trash-mail.com", "trashmail.com", "trashmail.de", "wegwerfemail.de",
    "wegwerfmail.de", "yopmail.com", "yopmail.fr", "yopmail.net",
})
# fmt: on

# Before the @: a mailbox that several people read, or nobody; without dots and dashes.
# fmt: off
ROLES = frozenset({
    "abuse", "accounting", "accounts", "accountspayable", "accueil", "admin", "administracion",
    "administration", "administrator", "all", "amministrazione", "bestellung", "bewerbung",
    "billing", "booking", "bookings", "buchhaltung", "buero", "career", "careers", "commercial",
    "compliance", "comptabilite", "contabilidad", "contact", "contacto", "contactus", "contato",
    "customercare", "customerservice", "customersupport", "donotreply", "dpo", "email", "enquiries",
    "enquiry", "events", "everyone", "facturation", "feedback", "finance", "frontdesk", "ftp",
    "general", "hallo", "hello", "help", "helpdesk", "hola", "hostmaster", "hr", "info",
    "information", "infos", "inquiries", "inquiry", "invoice", "invoices", "ir", "it", "jobs",
    "kontakt", "kundenservice", "legal", "mail", "mailerdaemon", "marketing", "media", "news",
    "newsletter", "noc", "noreply", "office", "order", "orders", "partner", "partners",
    "partnerships", "personal", "post", "postmaster", "press", "presse", "privacy", "procurement",
    "purchasing", "reception", "rechnung", "recruiting", "recruitment", "redaktion", "reservations",
    "returns", "root", "sales", "salesteam", "secretariat", "security", "segreteria", "service",
    "services", "shop", "staff", "store", "studio", "subscribe", "support", "team", "techsupport",
    "unsubscribe", "usenet", "vendas", "vendite", "ventas", "verkauf", "vertrieb", "webmaster",
    "welcome",
})
# fmt: on
