"""Common names of columns that hold an identifier, in one table."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import product

# Prefixes of the row's own person: "Contact LinkedIn URL", "lead_email".
_OWNERS = (
    *("", "person", "contact", "lead", "prospect", "candidate", "member", "user", "customer"),
    *("client", "employee", "attendee", "applicant", "participant", "profile", "my"),
)
_EMAIL_KINDS = (
    *("", "work", "business", "professional", "corporate", "office", "personal", "private"),
    *("home", "primary", "main", "direct", "verified", "valid"),
)
_EMPLOYERS = ("", "company", "account", "organization", "organisation", "employer", "firm")

_LINKEDIN = (
    *("LinkedIn", "LinkedIn URL", "LinkedIn URI", "LinkedIn link", "LinkedIn page"),
    *("LinkedIn address", "LinkedIn account", "LinkedIn profile", "LinkedIn profile URL"),
    *("LinkedIn profile link", "LinkedIn profile page", "LinkedIn public profile"),
    *("LinkedIn public profile URL", "LinkedIn public URL", "LinkedIn flagship URL"),
    *("LinkedIn member URL", "LinkedIn person URL", "LinkedIn contact profile URL"),
    *("personal LinkedIn", "personal LinkedIn URL", "personal LinkedIn profile"),
    *("LI URL", "LI link", "LI profile", "LI profile URL", "LI profile link"),
    *("URL LinkedIn", "link LinkedIn", "profile LinkedIn", "profil LinkedIn", "LinkedIn profil"),
    *("perfil LinkedIn", "perfil de LinkedIn"),
)
_EMAIL = (
    *("email", "email address", "email addr", "email id", "email 1", "email 1 value"),
    *("email 1 address", "email address 1", "mail", "mail address", "mail id", "adresse email"),
    *(
        "email adresse",
        "mail adresse",
        "adresse mail",
        "courriel",
        "correo",
        "correo electr\u00f3nico",
    ),
)
_COMPANY_LINKEDIN = (
    *("LinkedIn", "LinkedIn URL", "LinkedIn page", "LinkedIn link", "LinkedIn profile"),
    *("LinkedIn profile URL", "LinkedIn company page", "LinkedIn company URL"),
)
_DOMAIN = (
    *("domain", "domain name", "website", "website URL", "website address", "website domain"),
    *("web site", "web", "web address", "webpage", "homepage", "site", "URL"),
)


def normalize_label(label: Hashable) -> str:
    """Return the letters and digits of a column label; levels of a MultiIndex are joined.

    Examples
    --------
    >>> normalize_label("E-Mail Address"), normalize_label(("Contact", "LI_URL", ""))
    ('emailaddress', 'contactliurl')
    """
    text = " ".join(map(str, label)) if isinstance(label, tuple) else str(label)
    return "".join(filter(str.isalnum, text.casefold()))


def _spelled(*parts: Iterable[str]) -> Iterator[str]:
    return (normalize_label(words) for words in product(*parts))


def _names() -> Iterator[tuple[str, str]]:
    by_identifier: Mapping[str, Iterable[Iterator[str]]] = {
        "linkedin_url": [_spelled(_OWNERS, _LINKEDIN)],
        "email": [
            _spelled(_OWNERS, _EMAIL_KINDS, _EMAIL),
            _spelled(_EMAIL[:2], _EMAIL_KINDS),
            _spelled(_OWNERS, _EMAIL[:2], _EMAIL_KINDS),
        ],
        "domain": [_spelled(_EMPLOYERS, _DOMAIN)],
        "company_linkedin_url": [
            _spelled(_EMPLOYERS[1:], _COMPANY_LINKEDIN),
            _spelled(["LinkedIn"], _EMPLOYERS[1:], ["", "URL", "page", "page URL"]),
        ],
        "name": [_spelled(_OWNERS, ["name", "full name", "fullname", "display name"])],
        "company": [
            _spelled(_EMPLOYERS[1:], ["", "name"]),
            _spelled(["current"], _EMPLOYERS[1:], ["", "name"]),
            _spelled(["business name", "works at", "company at"]),
        ],
    }
    for identifier, spellings in by_identifier.items():
        yield from ((name, identifier) for group in spellings for name in group)


# From a normalized label to the identifier that such a column holds.
NAMES: Mapping[str, str] = dict(_names())

# A column of e-mail addresses also serves a provider that takes their domains. A company is only
# requested by a whole e-mail address if `on=` says so.
SERVES_AS: Mapping[str, str] = {"email": "email_domain"}


def served_identifier(identifier: str, identifiers: Iterable[str]) -> str | None:
    """Return the wanted identifier that a column of this identifier serves, or None."""
    wanted = set(identifiers)
    return next(
        (name for name in (SERVES_AS.get(identifier, ""), identifier) if name in wanted), None
    )


# Words in the label of a column that is about another person than the row's own.
OTHER_PEOPLE = (
    *("owner", "manager", "supervisor", "assistant", "referr", "recruiter", "spouse", "createdby"),
    *("modifiedby", "updatedby", "assignedto", "salesrep", "boss", "reportsto", "sender"),
)
