"""The parameters of `people`, `companies` and `plan`, defined once.

`Call` has their names, types, defaults and the help text of each. The functions, the accessor and
the command line take them from here. `Keywords` repeats the names and types, because type checkers
accept only a TypedDict as the keyword arguments of a function; a test compares both.
"""

import difflib
import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, TypeVar, cast

from enrich_pandas.errors import InputError

if TYPE_CHECKING:
    from enrich_pandas.engine.budget import Budget
    from enrich_pandas.frame.cells import Codes
    from enrich_pandas.progress import Hook
    from enrich_pandas.providers.base import Provider

Kind: TypeAlias = Literal["people", "companies"]
Providers: TypeAlias = "str | Provider | Sequence[str | Provider]"
On: TypeAlias = Mapping[str, Hashable] | Hashable | None
RowLayout: TypeAlias = Literal["wide", "nested"]
Layout: TypeAlias = Literal["wide", "nested", "tables"]
Fields: TypeAlias = Literal["standard", "all"] | Sequence[str]
Errors: TypeAlias = Literal["coerce", "raise"]
ProgressView: TypeAlias = 'Literal["auto", "widget", "bar", False] | Hook | None'

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of `people` or `companies`, or the plan of it.

    `enrich_pandas.people` documents the parameters.
    """

    kind: Kind
    provider: Providers
    on: On = field(default=None, metadata={"help": "The column of each identifier."})
    fields: Fields = field(
        default="standard",
        metadata={
            "help": "The fields to return: standard, all, or names of fields such as title, emails "
            "or emails.address."
        },
    )
    layout: Layout = field(
        default="wide",
        metadata={
            "help": "How lists become columns: numbered columns, one list column each, or linked "
            "tables."
        },
    )
    max_items: int | None = field(
        default=None,
        metadata={
            "help": "Items of each list in the wide layout; by default 1 to 3 in the standard "
            "fields, 5 otherwise."
        },
    )
    prefix: str | None = field(
        default=None,
        metadata={"help": "Prefix of the new columns; person_ or company_ by default."},
    )
    where: Any = field(
        default=None,
        metadata={"help": "Enrich these rows only; the others get the status skipped."},
    )
    budget: "float | Budget | None" = field(
        default=None, metadata={"help": "Spending limit, in the vendor's credits."}
    )
    max_age: str | timedelta = field(
        default="90D",
        metadata={"help": "Reuse a stored answer that is younger; 0D requests all rows again."},
    )
    errors: Errors = field(
        default="coerce",
        metadata={"help": "Whether an invalid row gets the status invalid, or ends the call."},
    )
    sources: bool = field(
        default=False, metadata={"help": "Add the name of the provider that gave each field."}
    )
    progress: ProgressView = field(default="auto", metadata={"help": "How progress is shown."})
    wait: bool = field(
        default=True, metadata={"help": "Wait for the result, or return a handle at once."}
    )
    # How many rows of a larger table each row stands for: set by `dask_frame`, not by users.
    weights: "Codes | None" = None

    def select_rows(self, frame: Any) -> "Call":
        """Return the call with the mask that a callable ``where`` returns for a frame."""
        if not callable(self.where):
            return self
        mask = self.where(frame)
        if mask is None:
            raise InputError(
                "The function in where= returned None.",
                todo="Return True or False for each row: where=lambda df: df['tier'] == 'A'.",
            )
        return replace(self, where=mask)


class Keywords(TypedDict, total=False):
    """The keyword arguments of `people`, except ``layout`` and ``wait``, which decide its type."""

    on: On
    fields: Fields
    max_items: int | None
    prefix: str | None
    where: Any
    budget: "float | Budget | None"
    max_age: str | timedelta
    errors: Errors
    sources: bool
    progress: ProgressView


class PlanKeywords(Keywords, total=False):
    """The keyword arguments of `plan` from `people`: all of them."""

    layout: Layout
    wait: bool


def parameters() -> Iterator[inspect.Parameter]:
    """Yield the keyword parameters of a call, in the order of the documentation."""
    for one in fields(Call):
        if "help" in one.metadata:
            yield inspect.Parameter(
                one.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=one.default,
                annotation=one.type,
            )


def help_text(name: str) -> str:
    """Return the one-sentence help of a parameter."""
    texts: dict[str, str] = {one.name: one.metadata.get("help", "") for one in fields(Call)}
    return texts[name]


def show_parameters(function: F) -> F:
    """Give a function that takes ``**keywords`` the signature of a call.

    ``help()``, `inspect.signature` and completion show it.
    """
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
    function.__dict__["__signature__"] = signature.replace(parameters=[*own, *parameters()])
    return function


def typed_like(model: F) -> Callable[[Callable[..., Any]], F]:
    """Give a function the signature of another one and, for type checkers, its overloads."""

    def mark(function: Callable[..., Any]) -> F:
        function.__dict__["__signature__"] = inspect.signature(model)
        return cast("F", function)

    return mark


def make_call(function: str, kind: Kind, provider: Providers, keywords: Mapping[str, Any]) -> Call:
    """Return the call that a function was given.

    Raises
    ------
    TypeError
        A keyword is unknown.
    """
    known = [one.name for one in parameters()]
    for name in keywords:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            advice = f" Did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}.{advice}")
    return Call(kind=kind, provider=provider, **keywords)
