"""enrich_pandas: enrich a DataFrame of people; same rows, new columns, every credit accounted for.

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
import types
from typing import TYPE_CHECKING, Any

from enrich_pandas.accessor import register
from enrich_pandas.errors import (
    AnswerError,
    AuthenticationError,
    BudgetError,
    ConfigurationError,
    CredentialError,
    DeadlineError,
    EnrichError,
    InputError,
    JournalError,
    PermissionDeniedError,
    ProviderError,
    ProviderNotFoundError,
    QuotaError,
    RateLimitError,
    ReplayError,
    RequestError,
    RunInterrupted,
    UnavailableError,
    last_error,
    last_traceback,
)
from enrich_pandas.functions import companies, people, plan
from enrich_pandas.options import options

if TYPE_CHECKING:
    from enrich_pandas.comparing import compare
    from enrich_pandas.directory import Directory
    from enrich_pandas.export import to_csv_safe, to_excel_safe
    from enrich_pandas.frame.impersonal import impersonal
    from enrich_pandas.history import run, runs
    from enrich_pandas.privacy import forget, suppress, unsuppress
    from enrich_pandas.providers import providers
    from enrich_pandas.providers.amplemarket import Amplemarket
    from enrich_pandas.providers.base import Provider
    from enrich_pandas.providers.crustdata import Crustdata
    from enrich_pandas.providers.zoho import Zoho
    from enrich_pandas.recording import replay
    from enrich_pandas.report.kept import last_report
    from enrich_pandas.reporting import provenance, report_on
    from enrich_pandas.run.budget import Budget
    from enrich_pandas.sandbox import Sandbox as sandbox  # noqa: N813 - it is called like a function
else:  # these three are packages that can be called, so that their modules can be imported, too
    from enrich_pandas import run  # which holds nothing; the other two make themselves callable

    class _Callable(types.ModuleType):
        """``ep.run`` is the package of the engine, and ``ep.run(id)`` is a past run."""

        def __call__(self, id: str) -> Any:  # noqa: A002 - what users call it
            from enrich_pandas.history import run

            return run(id)

    run.__class__ = _Callable

__version__ = "0.1.0"

__all__ = [
    "Amplemarket",
    "AnswerError",
    "AuthenticationError",
    "Budget",
    "BudgetError",
    "ConfigurationError",
    "CredentialError",
    "Crustdata",
    "DeadlineError",
    "Directory",
    "EnrichError",
    "InputError",
    "JournalError",
    "PermissionDeniedError",
    "Provider",
    "ProviderError",
    "ProviderNotFoundError",
    "QuotaError",
    "RateLimitError",
    "ReplayError",
    "RequestError",
    "RunInterrupted",
    "UnavailableError",
    "Zoho",
    "companies",
    "compare",
    "forget",
    "impersonal",
    "last_error",
    "last_report",
    "last_traceback",
    "options",
    "people",
    "plan",
    "provenance",
    "providers",
    "replay",
    "report_on",
    "run",
    "runs",
    "sandbox",
    "suppress",
    "to_csv_safe",
    "to_excel_safe",
    "unsuppress",
]

# Loaded when first used, so that importing the package costs little more than importing pandas.
_LAZY = {
    "Amplemarket": "enrich_pandas.providers.amplemarket",
    "Budget": "enrich_pandas.run.budget",
    "Crustdata": "enrich_pandas.providers.crustdata",
    "Directory": "enrich_pandas.directory",
    "Provider": "enrich_pandas.providers.base",
    "Zoho": "enrich_pandas.providers.zoho",
    "compare": "enrich_pandas.comparing",
    "forget": "enrich_pandas.privacy",
    "impersonal": "enrich_pandas.frame.impersonal",
    "last_report": "enrich_pandas.report.kept",
    "provenance": "enrich_pandas.reporting",
    "replay": "enrich_pandas.recording",
    "report_on": "enrich_pandas.reporting",
    "runs": "enrich_pandas.history",
    "suppress": "enrich_pandas.privacy",
    "to_csv_safe": "enrich_pandas.export",
    "to_excel_safe": "enrich_pandas.export",
    "unsuppress": "enrich_pandas.privacy",
}


_LAZY_PACKAGES = ("providers", "sandbox")


def __getattr__(name: str) -> Any:
    if name in _LAZY_PACKAGES:
        return importlib.import_module(f"enrich_pandas.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module 'enrich_pandas' has no attribute {name!r}")
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


logging.getLogger("enrich_pandas").addHandler(logging.NullHandler())
register()
if "dask.dataframe" in sys.modules:  # who imports Dask later types: import enrich_pandas.scale
    importlib.import_module("enrich_pandas.scale")
