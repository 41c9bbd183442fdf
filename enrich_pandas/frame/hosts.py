"""Domains that name nobody's company: one table."""

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
