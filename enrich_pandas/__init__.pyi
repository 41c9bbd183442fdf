# The public names for type checkers. `__init__.py` has the table that is used at run time.

from enrich_pandas.api import (
    companies as companies,
    list_providers as list_providers,
    people as people,
    plan as plan,
)
from enrich_pandas.cassette import (
    replay as replay,
)
from enrich_pandas.comparison import (
    compare as compare,
)
from enrich_pandas.directory import (
    Directory as Directory,
)
from enrich_pandas.emulators import (
    sandbox as sandbox,
)
from enrich_pandas.engine.budget import (
    Budget as Budget,
)
from enrich_pandas.engine.handle import (
    Handle as Handle,
)
from enrich_pandas.errors import (
    AnswerError as AnswerError,
    AuthenticationError as AuthenticationError,
    BudgetError as BudgetError,
    ConfigurationError as ConfigurationError,
    CredentialError as CredentialError,
    DeadlineError as DeadlineError,
    EnrichError as EnrichError,
    InputError as InputError,
    JournalError as JournalError,
    PermissionDeniedError as PermissionDeniedError,
    ProviderError as ProviderError,
    ProviderNotFoundError as ProviderNotFoundError,
    QuotaError as QuotaError,
    RateLimitError as RateLimitError,
    ReplayError as ReplayError,
    RequestError as RequestError,
    RunInterrupted as RunInterrupted,
    UnavailableError as UnavailableError,
    last_error as last_error,
    last_traceback as last_traceback,
)
from enrich_pandas.export import (
    to_csv_safe as to_csv_safe,
    to_excel_safe as to_excel_safe,
)
from enrich_pandas.field_table import (
    fields as fields,
)
from enrich_pandas.frame.impersonal import (
    impersonal as impersonal,
)
from enrich_pandas.frame.output import (
    Tables as Tables,
)
from enrich_pandas.history import (
    Run as Run,
    run as run,
    runs as runs,
)
from enrich_pandas.options import (
    options as options,
)
from enrich_pandas.privacy import (
    forget as forget,
    suppress as suppress,
    unsuppress as unsuppress,
)
from enrich_pandas.progress import (
    Progress as Progress,
)
from enrich_pandas.providers.amplemarket import (
    Amplemarket as Amplemarket,
)
from enrich_pandas.providers.base import (
    Provider as Provider,
    RateLimit as RateLimit,
)
from enrich_pandas.providers.crustdata import (
    Crustdata as Crustdata,
    Prices as Prices,
)
from enrich_pandas.providers.zoho import (
    Zoho as Zoho,
)
from enrich_pandas.report import (
    Report as Report,
)
from enrich_pandas.report.comparison import (
    Comparison as Comparison,
)
from enrich_pandas.report.plan import (
    Plan as Plan,
)
from enrich_pandas.report.provenance import (
    last_report as last_report,
    provenance as provenance,
    report_on as report_on,
)

__version__: str
