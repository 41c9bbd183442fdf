"""Enrich a DataFrame of people or companies: same rows, new columns, every credit counted.

>>> import pandas as pd
>>> import enrich_pandas as ep
>>> leads = pd.DataFrame({"LinkedIn": ["https://www.linkedin.com/in/ada-example"]})
>>> with ep.sandbox(misses=0):
...     people = leads.enrich.people("crustdata", progress=None)
>>> people["person_status"].tolist()
['matched']
"""

import importlib
import logging
import sys
from pathlib import PurePath
from typing import Any

from enrich_pandas.options import options as options

__version__ = "0.1.0"

# The public names by module. Each is loaded at its first use, so that importing the package costs
# little more than importing pandas. Type checkers read `__init__.pyi`; a test compares both.
_NAMES = {
    "api": ["companies", "list_providers", "people", "plan"],
    "cassette": ["replay"],
    "comparison": ["compare"],
    "directory": ["Directory"],
    "emulators": ["sandbox"],
    "engine.budget": ["Budget"],
    "engine.handle": ["Handle"],
    "errors": [
        "AnswerError",
        "AuthenticationError",
        "BudgetError",
        "ConfigurationError",
        "CredentialError",
        "DeadlineError",
        "EnrichError",
        "InputError",
        "JournalError",
        "PermissionDeniedError",
        "ProviderError",
        "ProviderNotFoundError",
        "QuotaError",
        "RateLimitError",
        "ReplayError",
        "RequestError",
        "RunInterrupted",
        "UnavailableError",
        "last_error",
        "last_traceback",
    ],
    "export": ["to_csv_safe", "to_excel_safe"],
    "field_table": ["fields"],
    "frame.impersonal": ["impersonal"],
    "frame.output": ["Tables"],
    "history": ["Run", "run", "runs"],
    "options": ["options"],
    "privacy": ["forget", "suppress", "unsuppress"],
    "progress": ["Progress"],
    "providers.amplemarket": ["Amplemarket"],
    "providers.base": ["Provider", "RateLimit"],
    "providers.crustdata": ["Crustdata", "Prices"],
    "providers.zoho": ["Zoho"],
    "report": ["Report"],
    "report.comparison": ["Comparison"],
    "report.plan": ["Plan"],
    "report.provenance": ["last_report", "provenance", "report_on"],
}
_MODULES = {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names}

__all__ = sorted(_MODULES)  # noqa: PLE0605 - a list of str


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def _register_accessor() -> None:
    """Register ``DataFrame.enrich``, which imports pandas."""
    from enrich_pandas.accessor import register

    register()


logging.getLogger(__name__).addHandler(logging.NullHandler())
# The command line shows its help without pandas; a command that reads a table registers it then.
if PurePath(*sys.argv[:1]).stem != "enrich-pandas":
    _register_accessor()
if "dask.dataframe" in sys.modules:  # if Dask is imported later: import enrich_pandas.dask_frame
    importlib.import_module("enrich_pandas.dask_frame")
