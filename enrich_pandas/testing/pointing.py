"""A provider whose requests go to a server on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from enrich_pandas.engine.context import current, inside
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Provider, Secret


@contextmanager
def pointed_at(url: str, provider: str | Provider) -> Iterator[None]:
    """Send a provider's requests to a server of yours on this machine, for the length of a with.

    Everything else is as in a live run: real HTTP, the rate limit, the journal, the same columns.
    The journal is one of its own and gone at the end; the credentials are made up, unless the
    provider was given some; a budget is not asked for.

    Parameters
    ----------
    url
        Such as ``http://127.0.0.1:8000``: plain http, which goes to loopback and nowhere else.
    provider
        Its name, or the provider itself. Another one needs another ``with`` inside this.

    Raises
    ------
    ConfigurationError
        The address is not plain http.
    ProviderNotFoundError
        No provider has that name.

    Examples
    --------
    >>> with pointed_at("http://127.0.0.1:9", "crustdata"):
    ...     pass
    """
    if not url.startswith("http://"):
        raise ConfigurationError(
            "A provider is pointed at a server on this machine only.",
            cost="Nothing was sent.",
            todo="Give its address like http://127.0.0.1:8000.",
        )
    found, outer = find_provider(provider), current()
    made_up = {name: Secret(f"made-up-{name}") for name in found.credentials}
    with TemporaryDirectory() as folder:
        surroundings = replace(
            outer,
            realm="testing" if outer.paid else outer.realm,
            origins={**outer.origins, found.name: url.rstrip("/")},
            secrets={**outer.secrets, found.name: made_up},
            journal=Path(folder) / "journal.sqlite" if outer.paid else outer.journal,
            paid=False,
        )
        with inside(surroundings):
            yield
