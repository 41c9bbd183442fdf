"""Which options of `Crustdata` go together; refused before anything is spent."""

from typing import Any

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.crustdata.prices import Prices

APIS = ("2025-11-01", "screener")


def check(provider: Any) -> None:
    """Raise ConfigurationError for options that do not go together."""
    for is_wrong, what, todo in _rules(provider):
        if is_wrong:
            raise ConfigurationError(what, cost="Nothing was spent.", todo=todo)


def _rules(one: Any) -> list[tuple[bool, str, str]]:
    is_screener = one.api == "screener"
    least, fields = one.min_similarity_score, one.fields
    sizes = {name: getattr(one, name) for name in ("emails_per_request", "companies_per_request")}
    return [
        (
            one.api not in APIS,
            f"Crustdata has no API called {one.api!r}.",
            'Type api="2025-11-01", which is the default, or api="screener".',
        ),
        (
            (one.realtime or one.force_fetch) and not is_screener,
            "Crustdata's current API serves its database only; it fetches nothing live.",
            'Type Crustdata(api="screener", realtime=True) to fetch profiles live.',
        ),
        (
            one.force_fetch and not one.realtime,
            "force_fetch can only be used with realtime.",
            'Type Crustdata(api="screener", realtime=True, force_fetch=True).',
        ),
        (
            one.preview and one.realtime,
            "A preview is never fetched live.",
            "Leave out either preview or realtime.",
        ),
        (
            least is not None and is_screener,
            "The screener knows no min_similarity_score.",
            'Leave it out and filter by the score it gives, or use api="2025-11-01".',
        ),
        (
            least is not None and not 0 <= least <= 1,
            f"min_similarity_score is {least}, and must be from 0 to 1.",
            "Type min_similarity_score=0.8, for example.",
        ),
        *(
            (
                size is not None and not 1 <= size <= 25,  # noqa: PLR2004 - the vendor's limit
                f"{name} is {size}, and must be from 1 to 25.",
                "Leave it out for the default.",
            )
            for name, size in sizes.items()
        ),
        *(
            (
                getattr(one, name) is not None and not isinstance(getattr(one, name), Prices),
                f"{name} is {getattr(one, name)!r}, and must be Prices.",
                f"Type {name}=Prices(base=0.5); `enrich_pandas.providers.crustdata` has it.",
            )
            for name in ("prices", "company_prices")
        ),
        (
            fields is not None and (isinstance(fields, str) or not _are_names(fields)),
            "fields is not a list of the vendor's field names.",
            'Type fields=["basic_profile", "experience"], for example; names hold no comma.',
        ),
    ]


def _are_names(fields: Any) -> bool:
    names = list(fields)
    return bool(names) and all(isinstance(n, str) and n.strip() and "," not in n for n in names)
