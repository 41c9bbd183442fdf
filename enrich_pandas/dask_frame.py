"""The accessor for Dask frames, which do not fit on one machine.

    distinct rows of the identifier columns, on the cluster
    → one ordinary call for them in this process, with one journal and one rate limiter
    → the answers as Parquet → joined to the rows on the cluster, by the cells that were sent

Vendors limit the rate of an account, so more machines do not send faster; only the table is spread.
Workers have no credentials and no journal. If one is killed, nothing is paid twice.
"""

import atexit
import tempfile
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import dask.dataframe as dd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from dask.dataframe.extensions import register_dataframe_accessor

from enrich_pandas.accessor import NAME, Enrich
from enrich_pandas.call import Call
from enrich_pandas.engine.handle import Handle
from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.cells import may_hold_text
from enrich_pandas.frame.columns import find_columns
from enrich_pandas.frame.output import attach
from enrich_pandas.frame.schema import TEXT
from enrich_pandas.options import options
from enrich_pandas.pipeline import enrich, plan_call, prepare_run, read_terms, start_run
from enrich_pandas.report.plan import Plan

SAMPLE = 100  # rows from which the identifier columns are found
ROWS_A_GROUP = 20_000  # of the Parquet file; a worker reads a group at a time
WHERE, ROWS, KEY = "enrich: where", "enrich: rows", "enrich: key"
NOT_TEXT = 0  # replaces every cell that is not text, since it may not be hashable

_folders = ExitStack()  # hold personal data, and are deleted when the process ends
atexit.register(_folders.close)


@dataclass(frozen=True)
class DaskTable:
    """A Dask frame, its identifier columns, and the rows to request.

    ``on`` maps each identifier to its column. ``replaced`` are the columns of an earlier result.
    """

    frame: dd.DataFrame
    on: Mapping[str, Hashable]
    where: dd.Series | None
    replaced: Sequence[Hashable]

    @property
    def labels(self) -> list[Hashable]:
        """The identifier columns, each once."""
        return list(dict.fromkeys(self.on.values()))

    def map_partitions(
        self, change: Callable[..., pd.DataFrame], meta: pd.DataFrame
    ) -> dd.DataFrame:
        """Apply a function to each partition and its part of ``where``."""
        wanted = [] if self.where is None else [self.where]
        changed: Any = self.frame.map_partitions  # Dask is untyped
        return cast("dd.DataFrame", changed(change, *wanted, meta=meta, align_dataframes=False))

    def distinct_rows(self) -> pd.DataFrame:
        """Compute the distinct rows, with the number of rows of each."""
        meta = _identifier_cells(self.labels, _meta(self.frame), _meta(self.where))
        cells = self.map_partitions(partial(_identifier_cells, self.labels), meta)
        counts = cells.groupby(list(meta.columns), dropna=False, sort=False, observed=True).size()
        table: pd.DataFrame = counts.compute().rename(ROWS).reset_index()
        return table.astype(meta.dtypes)

    def join(self, found: pd.DataFrame) -> dd.DataFrame:
        """Return the frame with the found columns beside each row."""
        answers = Answers.write(found, [*self.labels, WHERE])
        change = partial(_join_answers, self.labels, self.replaced, answers)
        return self.map_partitions(
            change, attach(_meta(self.frame), answers.columns(), self.replaced)
        )


@enrich.register(dd.DataFrame)
def _(frame: dd.DataFrame, call: Call) -> Any:
    large = _read_call(frame, call)
    table, distinct_call = _plan_distinct(large, call)
    handle: Handle[Any] = prepare_run(table, distinct_call)
    return start_run(handle.then(large.join), wait=call.wait)


@plan_call.register(dd.DataFrame)
def _(frame: dd.DataFrame, call: Call) -> Plan:
    return plan_call(*_plan_distinct(_read_call(frame, call), call))


def _read_call(frame: dd.DataFrame, call: Call) -> DaskTable:
    """Validate a call and find its columns, before anything is computed."""
    if call.layout == "tables":
        raise ConfigurationError(
            'layout="tables" needs row positions, which a Dask frame does not have.',
            todo='Use layout="nested", which has the same lists, one column each.',
        )
    call = call.select_rows(frame)
    terms = read_terms(_meta(frame), call)
    names = dict.fromkeys(n for one in terms.providers for n in one.identifiers[call.kind])
    replaced = list(terms.output.replaced)
    columns = find_columns(_sample(frame), list(names), call.on, ignore=replaced)
    return DaskTable(frame, columns.chosen, _where(frame, call.where), replaced)


def _plan_distinct(large: DaskTable, call: Call) -> tuple[pd.DataFrame, Call]:
    """Return the distinct rows and the ordinary call for them."""
    table = large.distinct_rows()
    rows = table.pop(ROWS).to_numpy(np.intp)
    where = table[WHERE].to_numpy(bool)
    return table, replace(call, on=dict(large.on), where=where, weights=rows)


def _sample(frame: dd.DataFrame) -> pd.DataFrame:
    """Return the first rows of the first partition that is not empty."""
    for place in range(frame.npartitions):
        rows: pd.DataFrame = frame.partitions[place].map_partitions(_first_rows).compute()
        if len(rows):
            return rows
    return cast("pd.DataFrame", _meta(frame))


def _first_rows(part: pd.DataFrame) -> pd.DataFrame:
    return part.head(SAMPLE)


def _where(frame: dd.DataFrame, given: Any) -> dd.Series | None:
    if given is None or (isinstance(given, dd.Series) and given.npartitions == frame.npartitions):
        return given
    raise InputError(
        "where= must be a Dask Series with the partitions of the frame.",
        todo='Build it from the same frame, for example where=frame["Tier"] == "A".',
    )


def _meta(frame: Any) -> Any:
    """Return the empty frame that holds the types of a Dask frame."""
    return None if frame is None else frame._meta  # noqa: SLF001 - dask has no public name for it


# The functions below run on the workers.


def _identifier_cells(
    labels: Sequence[Hashable], part: pd.DataFrame, where: "pd.Series[Any] | None" = None
) -> pd.DataFrame:
    """Return the identifier cells of each row, and whether the row is requested."""
    cells = pd.DataFrame(
        {label: _comparable_cells(part[label]) for label in labels}, index=part.index
    )
    cells[WHERE] = True if where is None else where.fillna(value=False).astype(bool).to_numpy()
    return cells


def _comparable_cells(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column of the same type in every partition: text, or a constant for other cells."""
    if not may_hold_text(column.dtype):
        return column.where(column.isna(), NOT_TEXT).astype("Int8").astype(object)
    if pd.api.types.is_object_dtype(column.dtype):
        return column.map(
            lambda cell: cell if isinstance(cell, str) else NOT_TEXT, na_action="ignore"
        )
    return column.astype(pd.api.types.pandas_dtype(TEXT))


def _join_answers(
    labels: Sequence[Hashable],
    replaced: Sequence[Hashable],
    answers: "Answers",
    part: pd.DataFrame,
    where: "pd.Series[Any] | None" = None,
) -> pd.DataFrame:
    return attach(part, answers.of(_identifier_cells(labels, part, where)), replaced)


@dataclass(frozen=True)
class Answers:
    """The found columns of the distinct rows, as a Parquet file that every worker reads.

    A row is looked up by a hash of its cells, and used only if the cells themselves are equal.
    """

    path: str
    keys: Sequence[Hashable]
    empty: pd.DataFrame

    @classmethod
    def write(cls, found: pd.DataFrame, keys: Sequence[Hashable]) -> "Answers":
        """Write the found columns of each distinct row."""
        private = tempfile.TemporaryDirectory(prefix="enrich-", dir=options.shared_folder)
        path = Path(_folders.enter_context(private)) / "answers.parquet"
        columns = found.drop(columns=list(keys))
        cells = found[list(keys)]
        arrays = [
            pa.array(_hash_cells(cells)),
            *(pa.array(_cell_texts(cells[label])) for label in keys),
            *(pa.array(columns.iloc[:, place]) for place in range(columns.shape[1])),
        ]
        names = [
            KEY,
            *_numbered_names("cell", len(keys)),
            *_numbered_names("found", columns.shape[1]),
        ]
        pq.write_table(pa.table(arrays, names=names), path, row_group_size=ROWS_A_GROUP)
        return cls(str(path), keys, columns.iloc[:0])

    def columns(self) -> dict[str, Any]:
        """Return the added columns, without rows."""
        return {str(label): column for label, column in self.empty.items()}

    def of(self, cells: pd.DataFrame) -> dict[str, Any]:
        """Return the found columns of the rows of a partition."""
        codes = cells.groupby(list(cells), dropna=False, sort=False, observed=True).ngroup()
        distinct = cells[~cells.duplicated()]
        table = self._read_answers(distinct)
        rows = pa.array(codes.to_numpy())
        columns = self.columns()
        return {
            label: _to_pandas_array(table[name].take(rows), column.dtype)
            for (label, column), name in zip(
                columns.items(), _numbered_names("found", len(columns)), strict=True
            )
        }

    def _read_answers(self, distinct: pd.DataFrame) -> pa.Table:
        """Read the found columns of distinct rows, in their order.

        Raises
        ------
        InputError
            A row was not requested, since the frame has other rows than when it was counted.
        """
        hashes = _hash_cells(distinct)
        wanted = ds.field(KEY).isin(pa.array(hashes))
        table = ds.dataset(self.path).to_table(filter=wanted)
        places = pd.Index(table[KEY].to_numpy()).get_indexer(hashes)
        table = table.take(pa.array(np.maximum(places, 0))) if len(table) else table
        if (places < 0).any() or not all(
            pa.array(_cell_texts(distinct[label])).equals(table[name].combine_chunks())
            for label, name in zip(self.keys, _numbered_names("cell", len(self.keys)), strict=True)
        ):
            raise InputError(
                "The Dask frame has rows that it did not have when the rows were requested.",
                cost="The answers that were paid for are in the journal.",
                todo="Build the frame from data that do not change, such as a file; call again.",
            )
        return table


def _numbered_names(stem: str, count: int) -> list[str]:
    return [f"{stem} {number}" for number in range(count)]


def _hash_cells(cells: pd.DataFrame) -> "npt.NDArray[Any]":
    plain = pd.DataFrame({number: _cell_texts(cells[label]) for number, label in enumerate(cells)})
    return pd.util.hash_pandas_object(plain, index=False).to_numpy()


def _cell_texts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return distinct cells as text, also those that are not text."""
    if pd.api.types.is_object_dtype(column.dtype):
        column = column.map(lambda cell: f"{type(cell).__name__}:{cell}", na_action="ignore")
    return column.astype(pd.api.types.pandas_dtype(TEXT))


def _to_pandas_array(values: Any, dtype: Any) -> Any:
    """Return Arrow values as an array of a pandas dtype."""
    if hasattr(dtype, "__from_arrow__"):
        return dtype.__from_arrow__(values)
    return values.to_pandas().astype(dtype).to_numpy()


register_dataframe_accessor(NAME)(Enrich)  # type: ignore[no-untyped-call]  # Dask is untyped
