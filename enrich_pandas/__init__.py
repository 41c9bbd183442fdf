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
from typing import TYPE_CHECKING, Any

from enrich_pandas.accessor import register
from enrich_pandas.api import companies, people, plan
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
from enrich_pandas.options import options

if TYPE_CHECKING:
    from enrich_pandas.cassette.replay import replay
    from enrich_pandas.comparison import compare
    from enrich_pandas.directory import Directory
    from enrich_pandas.emulators import Sandbox as sandbox  # noqa: N813 - it is called like a function
    from enrich_pandas.engine.budget import Budget
    from enrich_pandas.export import to_csv_safe, to_excel_safe
    from enrich_pandas.frame.impersonal import impersonal
    from enrich_pandas.history import run, runs
    from enrich_pandas.privacy import forget, suppress, unsuppress
    from enrich_pandas.providers import list_providers
    from enrich_pandas.providers.amplemarket import Amplemarket
    from enrich_pandas.providers.base import Provider
    from enrich_pandas.providers.crustdata import Crustdata
    from enrich_pandas.providers.zoho import Zoho
    from enrich_pandas.report.plan import Plan
    from enrich_pandas.report.provenance import last_report, provenance, report_on
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
    "Plan",
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
    "list_providers",
    "options",
    "people",
    "plan",
    "provenance",
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
    "Budget": "enrich_pandas.engine.budget",
    "Crustdata": "enrich_pandas.providers.crustdata",
    "Directory": "enrich_pandas.directory",
    "Plan": "enrich_pandas.report.plan",
    "Provider": "enrich_pandas.providers.base",
    "Zoho": "enrich_pandas.providers.zoho",
    "compare": "enrich_pandas.comparison",
    "forget": "enrich_pandas.privacy",
    "impersonal": "enrich_pandas.frame.impersonal",
    "last_report": "enrich_pandas.report.provenance",
    "list_providers": "enrich_pandas.providers",
    "provenance": "enrich_pandas.report.provenance",
    "replay": "enrich_pandas.cassette.replay",
    "report_on": "enrich_pandas.report.provenance",
    "run": "enrich_pandas.history",
    "runs": "enrich_pandas.history",
    "sandbox": "enrich_pandas.emulators:Sandbox",
    "suppress": "enrich_pandas.privacy",
    "to_csv_safe": "enrich_pandas.export",
    "to_excel_safe": "enrich_pandas.export",
    "unsuppress": "enrich_pandas.privacy",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'enrich_pandas' has no attribute {name!r}")
    module, _, attribute = _LAZY[name].partition(":")
    value = getattr(importlib.import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


logging.getLogger("enrich_pandas").addHandler(logging.NullHandler())
register()
if "dask.dataframe" in sys.modules:  # who imports Dask later types: import enrich_pandas.dask_frame
    importlib.import_module("enrich_pandas.dask_frame")
