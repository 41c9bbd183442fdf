"""Whom a live check asks about: somebody made up, somebody chosen, and what is to be refused."""

import secrets
from collections.abc import Callable, Mapping

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Identity, Kind, Provider

KINDS: Mapping[str, Kind] = {"linkedin_url": "people", "email": "people", "domain": "companies"}

# Nobody: on domains that are reserved, or with a slug that is too random to be anybody's.
_NOBODY: Mapping[str, Callable[[str], str]] = {
    "linkedin_url": lambda mark: f"https://www.linkedin.com/in/nobody-{mark}",
    "email": lambda mark: f"nobody-{mark}@example.com",
    "domain": lambda mark: f"nothing-{mark}.example",
}

# What each vendor says it refuses with a 400: the address of no profile, a value too short.
_REFUSED: Mapping[tuple[str, Kind], Callable[[str], Identity]] = {
    ("crustdata", "people"): lambda mark: Identity.of(
        linkedin_url=f"https://www.linkedin.com/company/nothing-{mark}"
    ),
    ("crustdata", "companies"): lambda mark: Identity.of(
        company_linkedin_url=f"https://www.linkedin.com/in/nobody-{mark}"
    ),
    ("zoho", "people"): lambda _: Identity.of(name="n", company="c"),
    ("zoho", "companies"): lambda _: Identity.of(company="c"),
}


class Subject:
    """Somebody to ask about, by one identifier; it never shows who.

    Examples
    --------
    >>> Subject("email", "ada@example.com")
    Subject('email')
    """

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value
        self.kind: Kind = KINDS[name]

    def __repr__(self) -> str:
        return f"Subject({self.name!r})"

    @property
    def identity(self) -> Identity:
        """Whom a provider is asked about, for its price."""
        return Identity.of(**{self.name: self.value})

    @classmethod
    def parsed(cls, text: str) -> "Subject":
        """Read what is typed, such as ``email=ada@example.com``.

        Raises
        ------
        ConfigurationError
            It names no identifier that is known here; what was typed is not repeated.
        """
        name, _, value = text.partition("=")
        if name.strip() not in KINDS or not value.strip():
            raise ConfigurationError(
                "The identity is not of the form NAME=VALUE.",
                cost="Nothing was sent.",
                todo=f"Type {', '.join(f'{one}=…' for one in KINDS)}: one of them.",
            )
        return cls(name.strip(), value.strip())

    @classmethod
    def made_up(cls, provider: Provider, chosen: "Subject | None") -> "Subject":
        """Make somebody up whom no vendor knows, named like the one that was chosen.

        Raises
        ------
        ConfigurationError
            The provider takes none of the identifiers that are known here.
        """
        name = chosen.name if chosen else _first_taken(provider)
        return cls(name, _NOBODY[name](mark()))


def mark() -> str:
    """Return what makes a name nobody's."""
    return secrets.token_hex(8)


def to_refuse(provider: Provider, kind: Kind) -> Identity | None:
    """Return what the vendor's documents say is refused, or None where they name nothing."""
    make = _REFUSED.get((provider.name, kind))
    return make(mark()) if make else None


def _first_taken(provider: Provider) -> str:
    """Return an identifier that the provider can be asked by, of people where it has them."""
    for name, kind in KINDS.items():
        if kind not in provider.kinds or name not in provider.identifiers[kind]:
            continue
        try:
            provider.billed_options(kind)
        except ConfigurationError:  # such as people, in a data centre that has none
            continue
        return name
    raise ConfigurationError(
        f"{provider.name} takes none of {', '.join(KINDS)}, which a live check asks by.",
        cost="Nothing was sent.",
    )
