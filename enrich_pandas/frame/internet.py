"""Bring e-mail addresses and domains to one canonical form. No network is used."""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote

import idna
from email_validator import EmailNotValidError, validate_email

from enrich_pandas.frame.cells import InvalidValueError

# Free mail services: the domain of an address is not that of a company.
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

# Social networks: a page there is not a company's own site.
# fmt: off
SOCIAL_NETWORKS = frozenset({
    "crunchbase.com", "facebook.com", "fb.com", "github.com", "instagram.com", "linkedin.com",
    "lnkd.in", "medium.com", "pinterest.com", "t.me", "tiktok.com", "twitter.com", "wa.me",
    "wikipedia.org", "x.com", "xing.com", "youtube.com",
})
# fmt: on

# Services for disposable addresses.
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

# Local parts of shared mailboxes, without dots and dashes.
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


MAX_EMAIL = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
MAX_LOCAL = 64  # RFC 5321, 4.5.3.1.1

_ANGLED = re.compile(r"(?P<shown>[^<>]*)<(?P<address>[^<>]+)>")
_MAILTO = re.compile(r"mailto:(?P<address>[^?]+)(?:\?.*)?", re.IGNORECASE)
_SEVERAL = re.compile(r"@.*[,;\s].*@")
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN_LOCAL = re.compile(rf"{ATOM}(?:\.{ATOM})*")
_HOST = re.compile(r"(?:https?:)?/*(?P<host>[^/?#:@\s]+)(?::\d+)?(?:[/?#].*)?", re.IGNORECASE)


def email(text: str) -> str:
    """Return an address with its domain as a lower-case A-label and its local part untouched.

    ``mailto:`` and ``Name <address>`` are unwrapped. The local part keeps its case, dots and tags,
    since only its mail server knows whether they matter.

    Raises
    ------
    InvalidValueError
        The text is not one e-mail address; ``code`` says why.
    """
    text = _unwrapped(text)
    if _SEVERAL.search(text):
        raise InvalidValueError("separator")
    local, at, domain = text.rpartition("@")
    if not at:
        raise InvalidValueError("syntax")
    if len(local) > MAX_LOCAL or len(text) > MAX_EMAIL:
        raise InvalidValueError("too_long")
    try:
        address = f"{_local_part(local)}@{_mail_domain(domain)}"
    except EmailNotValidError:
        raise InvalidValueError("syntax") from None
    if len(address) > MAX_EMAIL:
        raise InvalidValueError("too_long")
    return address


def domain(text: str) -> str:
    """Return the registrable domain of a host name or web address, as a lower-case A-label.

    It uses the public suffix list that comes with tldextract. A last label that is not listed is
    itself the suffix, by the default rule of that list.

    Raises
    ------
    InvalidValueError
        The text has no registrable domain; ``code`` says why.
    """
    match = _HOST.fullmatch(text)
    if match is None:
        raise InvalidValueError("syntax")
    try:
        host = idna.encode(match["host"].rstrip("."), uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise InvalidValueError("syntax") from None
    if host.rpartition(".")[2].isdigit():  # an IP address
        raise InvalidValueError("syntax")
    return _registrable(host)


def website(text: str) -> str:
    """Return the registrable domain of a company's site.

    Raises
    ------
    InvalidValueError
        Also if the URL is on a social network, since a page there is not the company's own site.
    """
    found = domain(text)
    if found in SOCIAL_NETWORKS:
        raise InvalidValueError("social_network")
    return found


def email_domain(text: str) -> str:
    """Return the registrable domain of an e-mail address, which identifies the company.

    Raises
    ------
    InvalidValueError
        Also if the address is at a free mail service.
    """
    found = domain(email(text).rpartition("@")[2])
    if found in FREE_MAIL:
        raise InvalidValueError("free_mail")
    return found


def _unwrapped(text: str) -> str:
    if angled := _ANGLED.fullmatch(text):
        text = unicodedata.normalize("NFC", angled["address"].strip())
        shown = angled["shown"].strip(" \"'")
        # Mail programs use the address as the display name; a different address is a second value.
        if "@" in shown and shown.casefold() != text.casefold():
            raise InvalidValueError("separator")
    if link := _MAILTO.fullmatch(text):
        text = unicodedata.normalize("NFC", _decoded(link["address"]).strip())
    return text


def _decoded(address: str) -> str:
    try:
        return unquote(address, errors="strict")
    except UnicodeDecodeError:
        raise InvalidValueError("syntax") from None


def _local_part(local: str) -> str:
    # Nearly every address is an ASCII dot-atom, for which validate_email would take 30 µs.
    if _PLAIN_LOCAL.fullmatch(local):
        return local
    parsed = validate_email(
        f"{local}@example.com", check_deliverability=False, allow_quoted_local=True
    )
    return parsed.local_part


@lru_cache(maxsize=1 << 16)
def _mail_domain(domain: str) -> str:
    return validate_email(f"x@{domain}", check_deliverability=False).ascii_domain


@cache
def _suffixes() -> Any:
    """Load the bundled public suffix list, without a download or a cache folder."""
    import tldextract  # here, since it takes 0.2 s and only domains need it

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _registrable(host: str) -> str:
    # Private suffixes first, so that each tenant of, for example, github.io has its own domain.
    for private in (True, False):
        parts = _suffixes()(host, include_psl_private_domains=private)
        if parts.domain and parts.suffix:
            return f"{parts.domain}.{parts.suffix}"
    labels = host.split(".")
    if parts.suffix or len(labels) == 1 or not all(labels):
        raise InvalidValueError("syntax")
    return ".".join(labels[-2:])
