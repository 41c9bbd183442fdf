"""Groups of rows with the same identifiers, which are requested as one.

A later provider is requested by the row's own cells and by the identifiers that earlier providers
found.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from enrich_pandas.frame.cells import Codes, distinct_rows, factorize, first_places
from enrich_pandas.frame.columns import SERVES_AS, IdentifierColumns, find_columns, position
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.frame.validation import identify, read_where
from enrich_pandas.journal.suppression import SuppressionFilter
from enrich_pandas.models import Company, Part, Person
from enrich_pandas.providers.base import Kind, Provider
from enrich_pandas.waterfall.stage import Stage

Found = Mapping[str, str]
On = Mapping[str, Hashable] | Hashable | None


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a frame's rows.

    Attributes
    ----------
    codes
        The group of each row.
    rows
        How many rows each group has.
    wanted
        For each group, whether ``where`` is True.
    cells
        For each identifier, the cell of each group.
    columns
        The columns of the cells.
    screen
        The suppression filter of the call.
    """

    codes: Codes
    rows: Codes
    wanted: "np.ndarray[Any, np.dtype[np.bool_]]"
    cells: Mapping[str, Sequence[object]]
    columns: IdentifierColumns
    screen: SuppressionFilter

    def __len__(self) -> int:
        return len(self.rows)

    def stage(
        self,
        provider: Provider,
        kind: Kind,
        places: Sequence[int],
        found: Sequence[Found],
    ) -> Stage:
        """Return a provider's stage for some groups, by their cells and found identifiers."""
        names = provider.identifiers[kind]
        cells = {name: list(self._cells(provider, kind, name, places, found)) for name in names}
        frame = pd.DataFrame(
            {name: pd.Series(values, dtype="object") for name, values in cells.items()}
        )
        columns = IdentifierColumns(dict(zip(names, names, strict=True)), {}, {})
        exclude = self.screen.for_rows(kind)
        identified = identify(frame, columns, provider, kind, exclude=exclude)
        position = np.full(len(self), -1, dtype=np.intp)
        position[list(places)] = np.arange(len(places))
        rows = position[self.codes]
        own = self.own(provider, kind)
        return Stage.of(provider, kind, own, identified, weights=self.rows[list(places)], rows=rows)

    def own(self, provider: Provider, kind: Kind) -> IdentifierColumns:
        """Return the columns of the frame that a provider takes."""
        own = self._own(provider.identifiers[kind])
        return IdentifierColumns({name: self.columns.chosen[own[name]] for name in own}, {}, {})

    def _own(self, names: Sequence[str]) -> dict[str, str]:
        """Return the frame's identifier for each of a provider's identifiers."""
        serving = {SERVES_AS[name]: name for name in self.cells if name in SERVES_AS}
        serving |= {name: name for name in self.cells}
        return {name: serving[name] for name in names if name in serving}

    def _cells(
        self,
        provider: Provider,
        kind: Kind,
        name: str,
        places: Sequence[int],
        found: Sequence[Found],
    ) -> Iterator[object]:
        """Yield the row's own cell, or the found identifier if the cell is not valid."""
        rules = provider.rules(kind).get(name, ())
        own = self.cells.get(self._own([name]).get(name, ""))
        for place in places:
            cell, other = own[place] if own is not None else None, found[place].get(name)
            if other is None:
                yield cell
                continue
            value, _ = canonical(name, cell)
            is_valid = value is not None and all(rule.accepts(value) for rule in rules)
            yield cell if is_valid else other


def group_rows(
    frame: pd.DataFrame,
    providers: Sequence[Provider],
    kind: Kind,
    *,
    on: On,
    ignore: Sequence[Hashable],
    where: Any,
    screen: SuppressionFilter,
    weights: Codes | None = None,
) -> Groups:
    """Group the rows of a frame by all identifiers that any of the providers takes.

    ``weights`` are the rows of a larger table that each row represents.

    Raises
    ------
    InputError
        No column was found, two columns fit, or ``where`` does not fit the frame.
    """
    names = list(dict.fromkeys(name for p in providers for name in p.identifiers[kind]))
    columns = find_columns(frame, names, on, ignore=ignore)
    mask = read_where(frame, where)
    taken = {name: frame.iloc[:, position(frame, of)] for name, of in columns.chosen.items()}
    factors = [_code_values(name, column) for name, column in taken.items()]
    codes = distinct_rows([(mask.astype(np.intp), 2), *factors], len(frame))
    first = first_places(codes)
    return Groups(
        codes,
        np.bincount(codes, weights, minlength=len(first)).astype(np.intp),
        mask[first],
        {name: list(column.iloc[first]) for name, column in taken.items()},
        columns,
        screen,
    )


def _code_values(identifier: str, column: "pd.Series[Any]") -> tuple[Codes, int]:
    """Return a code for each row, the same for all spellings of one value."""
    codes, cells = factorize(column)
    numbers: dict[tuple[str | None, str | None], int] = {}
    spelled = [numbers.setdefault(canonical(identifier, cell), len(numbers)) for cell in cells]
    return np.array([*spelled, -1], dtype=np.intp)[codes], len(numbers)  # code -1 takes the last


def check_rows(
    frame: pd.DataFrame,
    groups: Groups,
    providers: Sequence[Provider],
    kind: Kind,
    errors: Literal["coerce", "raise"],
) -> None:
    """Raise InputError if ``errors="raise"`` and a row cannot be requested from any provider.

    Raises
    ------
    InputError
        There are such rows. Its ``.failure_cases`` are those of the first provider that takes a
        column of the frame.
    """
    if errors == "coerce":
        return
    every, nothing = range(len(groups)), [cast("Found", {})] * len(groups)
    stages = [groups.stage(provider, kind, every, nothing) for provider in providers]
    askable = np.zeros(len(groups), dtype=bool)
    for stage in stages:
        askable |= stage.identified.codes < len(stage.identified.identities)
    first = next(stage for stage in stages if stage.columns.chosen)
    lost = (groups.wanted & ~askable)[groups.codes]
    identify(frame, first.columns, first.provider, kind, where=lost, errors=errors)


# What `extract_identifiers` reads of a model.
IDENTIFYING_FIELDS = frozenset(
    {
        *("name", "first_name", "last_name", "linkedin_url", "emails"),
        *("company", "company_domain", "employer", "domain", "website"),
    }
)


def extract_identifiers(model: Part) -> Found:
    """Return the identifiers of a result, in canonical form.

    Examples
    --------
    >>> from enrich_pandas.models import Email
    >>> extract_identifiers(Person(name="Ann Example", emails=[Email(address="ann@B.EXAMPLE")]))
    {'name': 'Ann Example', 'email': 'ann@b.example'}
    """
    values = _of_company(model) if isinstance(model, Company) else _of_person(model)
    known = ((name, canonical(name, value)[0]) for name, value in values)
    found: dict[str, str] = {}
    for name, value in known:
        if value is not None:
            found.setdefault(name, value)
    return found


def _of_person(model: Part) -> Iterator[tuple[str, str | None]]:
    assert isinstance(model, Person)  # noqa: S101 - for the type checker: there are two models
    employer = model.employer
    yield "name", model.name
    yield "name", " ".join(filter(None, (model.first_name, model.last_name)))
    yield "linkedin_url", model.linkedin_url
    yield from (("email", email.address) for email in model.emails)
    yield "company", model.company
    yield "domain", model.company_domain
    if employer is not None:
        yield "company", employer.name
        yield "domain", employer.domain
        yield "company_linkedin_url", employer.linkedin_url


def _of_company(model: Company) -> Iterator[tuple[str, str | None]]:
    yield "company", model.name
    yield "domain", model.domain
    yield "domain", model.website
    yield "company_linkedin_url", model.linkedin_url
