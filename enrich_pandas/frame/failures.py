"""What pandera finds wrong with the rows, and its table of failures in the user's terms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from enrich_pandas.frame.columns import Columns
from enrich_pandas.frame.distinct import Codes
from enrich_pandas.frame.reasons import REASONS
from enrich_pandas.providers.base import Kind, Provider, Rule

ROW = "row"  # the verdict on the row as a whole, beside one on each identifier
ROW_REASONS = ("no_identifier", "incomplete", "needs_company")
FIELDS = ("schema_context", "column", "check", "check_number", "failure_case", "index", "rows")

Verdicts = Mapping[str, Sequence[Any]]  # identifier to a reason code or None for each row


def schema(provider: Provider, kind: Kind, columns: Columns) -> Any:
    """Make the pandera schema of the verdicts on rows: one check for each reason code.

    A verdict is the reason code of a value, or null where it is fine or missing; its column is
    named after the identifier. The provider's own rules stand beside the general reasons.

    Parameters
    ----------
    provider, kind
        Who is asked, and for what.
    columns
        The columns that were found.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        To be validated lazily, so that all failures come at once.
    """
    import pandera.pandas as pa  # here, since it takes 0.4 s that only a call needs to pay

    def verdicts(codes: Sequence[str]) -> Any:
        checks = [pa.Check(lambda column, code=code: column != code, error=code) for code in codes]
        return pa.Column(checks=checks, nullable=True)

    rules = provider.rules(kind)
    checked = {name: verdicts(_codes(rules.get(name, ()))) for name in columns.chosen}
    return pa.DataFrameSchema({**checked, ROW: verdicts(ROW_REASONS)})


def _codes(rules: Sequence[Rule]) -> list[str]:
    """List the reasons that a value of an identifier may have, the provider's own last."""
    general = [code for code in REASONS if code not in {"missing", *ROW_REASONS}]
    return list(dict.fromkeys([*general, *(rule.code for rule in rules)]))


@dataclass(frozen=True)
class Faults:
    """What is wrong with the distinct rows; pandera is loaded once somebody asks for its table.

    Attributes
    ----------
    schema
        Makes the schema.
    verdicts
        Of each bad row.
    cells
        For each identifier the user's column, but of the bad rows alone.
    first, counts
        For each of them, the position of the first row like it, and how many there are.
    """

    schema: Callable[[], Any]
    verdicts: Verdicts
    cells: Mapping[str, "pd.Series[Any]"]
    first: Codes
    counts: Codes

    @cached_property
    def errors(self) -> Exception | None:
        """Validate the verdicts, all at once; pandera's SchemaErrors, or None."""
        import pandera.errors  # here, as above

        frame = pd.DataFrame(
            {name: pd.Series(column, dtype="category") for name, column in self.verdicts.items()}
        )
        try:
            self.schema().validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as errors:
            return errors
        return None

    @cached_property
    def table(self) -> pd.DataFrame:
        """Make pandera's table, in the user's terms: labels, cells and row positions."""
        errors: Any = self.errors
        if errors is None:
            return no_cases()
        cases = errors.failure_cases.reset_index(drop=True)
        places = cases["index"].to_numpy(dtype=np.intp)
        names = cases["column"].to_numpy(dtype=object)
        labels = np.full(len(cases), None, dtype=object)
        cells = labels.copy()
        for name, column in self.cells.items():
            mine = np.flatnonzero(names == name)
            for place, cell in zip(mine, column.iloc[places[mine]], strict=True):  # may be a list
                labels[place], cells[place] = column.name, cell
        # As objects: text that holds a lone surrogate fits no string dtype.
        cases["column"] = pd.Series(labels, dtype=object)
        cases["failure_case"] = pd.Series(cells, dtype=object)
        cases["index"], cases["rows"] = self.first[places], self.counts[places]
        ordered: pd.DataFrame = cases.sort_values(["index", "check_number"], ignore_index=True)
        return ordered[list(FIELDS)]


def no_cases() -> pd.DataFrame:
    """Make the table of what is wrong where nothing is."""
    return pd.DataFrame(columns=list(FIELDS))
