"""A table of text: any frame's cells as what they say, with a digest of them."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.cells import is_missing, may_hold_text

TEXT = pa.large_string()


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of text by position; a label may be anything that pandas takes, and be there twice.

    Codes and ids stay as they are written: nothing is read as a number before a field asks for one.
    """

    labels: tuple[Hashable, ...]
    columns: tuple[Any, ...]
    rows: int

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Table":
        """Copy a frame; its index is not looked at."""
        columns = tuple(to_text(frame.iloc[:, place]) for place in range(frame.shape[1]))
        return cls(tuple(frame.columns), columns, len(frame))

    def frame(self) -> pd.DataFrame:
        """View the table as a frame."""
        arrays = {n: pd.arrays.ArrowExtensionArray(cells) for n, cells in enumerate(self.columns)}
        frame = pd.DataFrame(arrays, index=pd.RangeIndex(self.rows))
        frame.columns = pd.Index(list(self.labels), dtype=object, tupleize_cols=False)
        return frame

    def take(self, places: Sequence[int], rows: Sequence[int]) -> list[tuple[str | None, ...]]:
        """Return the cells of some rows, one tuple a row."""
        at = pa.array(rows, type=pa.int64())
        columns = [self.columns[place].take(at).to_pylist() for place in places]
        return list(zip(*columns, strict=True)) if columns else [()] * len(rows)

    def digest(self) -> str:
        """Digest labels and cells: another content is another digest."""
        digest = hashlib.sha256(repr(self.labels).encode("utf-8", "surrogatepass"))
        for cells in self.columns:
            lengths = cells.cast(pa.large_binary()).fill_null(b"\xff")  # no text has that byte
            digest.update(np.asarray(pa.compute.binary_length(lengths)).tobytes())
            for part in _data(lengths):
                digest.update(part)
        return digest.hexdigest()


def to_text(column: "pd.Series[Any]") -> Any:
    """Return a column's cells as Arrow text, null where there is nothing.

    Examples
    --------
    >>> texts(pd.Series([7.0, None, 0.5])).to_pylist()
    ['7', None, '0.5']
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = np.asarray(column.cat.codes, dtype=np.int64)
        words = to_text(pd.Series(column.cat.categories))
        return words.take(pa.array(codes, mask=codes < 0))
    if isinstance(dtype, pd.SparseDtype):
        column = column.astype(dtype.subtype)
    if (may_hold_text(dtype) and _is_all_text(column)) or pd.api.types.is_integer_dtype(dtype):
        try:
            return _whole(pa.array(column, from_pandas=True))
        except (UnicodeEncodeError, pa.ArrowException):  # a lone surrogate, or an odd type
            pass
    return pa.array([_text(cell) for cell in column], type=TEXT)


def _is_all_text(column: "pd.Series[Any]") -> bool:
    if not pd.api.types.is_object_dtype(column.dtype):
        return True
    return pd.api.types.infer_dtype(column, skipna=True) in {"string", "empty"}


def _whole(cells: Any) -> Any:
    """Make one array of one type, whatever the chunks."""
    cells = cells.cast(TEXT)
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def _text(cell: Any) -> str | None:
    """Write a cell down; a number without the decimals that pandas gave it for a null beside it."""
    if isinstance(cell, str):
        return cell.encode("utf-8", "replace").decode()
    if _says_nothing(cell):
        return None
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float | np.floating):
        return _number(float(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat().removesuffix("T00:00:00")
    return str(cell)


def _says_nothing(cell: Any) -> bool:
    if isinstance(cell, Decimal):  # a signalling NaN raises where others compare
        return not cell.is_finite()
    return isinstance(cell, bytes) or not pd.api.types.is_scalar(cell) or is_missing(cell)


def _number(cell: float) -> str | None:
    if not np.isfinite(cell):
        return None
    return str(int(cell)) if cell.is_integer() else repr(cell)


def _data(cells: Any) -> list[Any]:
    """Return the bytes of all cells, one after the other."""
    offsets = np.frombuffer(cells.buffers()[1], dtype=np.int64)[cells.offset :][: len(cells) + 1]
    body = cells.buffers()[2]
    if body is None or not len(cells):
        return []
    return [memoryview(body)[int(offsets[0]) : int(offsets[-1])]]


# -- Files to tables: CSV, TSV, Parquet and Excel, every cell as text ----------------------------

DELIMITERS = ",;\t|"
EXCEL_ENGINES = {"python_calamine": "calamine", "openpyxl": "openpyxl"}
FREE = "Nothing was spent."


def read(path: Path, encoding: str | None) -> Table:
    """Read a file, by its suffix.

    Raises
    ------
    ConfigurationError
        It is not there, of no known suffix, in another encoding or damaged.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ConfigurationError(
            f"Directory cannot tell what {str(path)!r} is.",
            cost=FREE,
            todo=f"Give a DataFrame, or a file that ends in {', '.join(READERS)}.",
        )
    try:
        return reader(path, encoding)
    except OSError as error:
        raise ConfigurationError(
            f"The directory {str(path)!r} cannot be read: {error.strerror or error}.",
            cost=FREE,
            todo='Check the path from where you are, such as ep.Directory("data/crm.csv").',
        ) from error


def _delimited(path: Path, encoding: str | None) -> Table:
    body = path.read_bytes()
    encoding = encoding or _marked(body)
    try:
        return _parsed(body, encoding, path)
    except (UnicodeError, LookupError) as error:
        raise _undecodable(path, encoding) from error


def _marked(body: bytes) -> str:
    """Tell the encoding that the file itself marks; without a mark it is UTF-8."""
    return "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _parsed(body: bytes, encoding: str, path: Path) -> Table:
    lines = io.TextIOWrapper(io.BytesIO(body), encoding, newline="")
    delimiter = "\t" if path.suffix.lower() in {".tsv", ".tab"} else _delimiter(lines.readline())
    lines.seek(0)
    labels = next(csv.reader(lines, delimiter=delimiter), [])
    if not labels:
        return Table((), (), 0)
    try:
        columns = _by_arrow(body, encoding, delimiter, len(labels))
    except pa.ArrowInvalid as error:
        if "invalid UTF8" in str(error):
            raise UnicodeError(str(error)) from error
        columns = _by_hand(body, encoding, delimiter, len(labels), path)
    return Table(tuple(labels), tuple(columns), len(columns[0]))


def _delimiter(header: str) -> str:
    """Take the sign that parts most labels: Excel writes semicolons in half of Europe."""
    outside = "".join(header.split('"')[::2])
    counts = Counter(sign for sign in outside if sign in DELIMITERS)
    return max(DELIMITERS, key=lambda sign: counts[sign])


def _by_arrow(body: bytes, encoding: str, delimiter: str, width: int) -> list[pa.Array]:
    names = [str(number) for number in range(width)]
    table = arrow_csv.read_csv(
        io.BytesIO(body),
        read_options=arrow_csv.ReadOptions(
            column_names=names,
            skip_rows_after_names=1,
            encoding="utf8" if encoding == "utf-8-sig" else encoding,
        ),
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, TEXT), null_values=[""], strings_can_be_null=True
        ),
    )
    return [pa.chunked_array(c.chunks, type=TEXT).combine_chunks() for c in table.columns]


def _by_hand(body: bytes, encoding: str, delimiter: str, width: int, path: Path) -> list[pa.Array]:
    """Read rows of unequal length: a short one lacks its last cells, a longer one is refused."""
    lines = io.TextIOWrapper(io.BytesIO(body), encoding, newline="")
    rows = csv.reader(lines, delimiter=delimiter)
    cells: list[list[str | None]] = [[] for _ in range(width)]
    try:
        next(rows)
        for row in rows:
            if any(row[width:]):
                raise _mendable(path, rows.line_num, f"it has {len(row)} cells for {width} labels")
            padded = [*row, *[""] * width] if row else []
            for column, cell in zip(cells, padded, strict=False):
                column.append(cell or None)
    except csv.Error as error:
        raise _mendable(path, rows.line_num, str(error)) from error
    return [pa.array(column, type=TEXT) for column in cells]


def _mendable(path: Path, line: int, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"Line {line} of {str(path)!r} cannot be read: {why}.",
        cost=FREE,
        todo="Mend the line: a cell that holds the delimiter needs double quotes.",
    )


def _undecodable(path: Path, encoding: str) -> ConfigurationError:
    name = "UTF-8" if encoding == "utf-8-sig" else encoding
    return ConfigurationError(
        f"{str(path)!r} is not in the encoding {name}.",
        cost=FREE,
        todo=f"Name its own: ep.Directory({path.name!r}, encoding='cp1252') for what Excel "
        "writes in Western Europe, or save it as UTF-8.",
    )


def _parquet(path: Path, _: str | None) -> Table:
    try:
        stored = pq.read_table(path)
    except pa.ArrowException as error:
        raise _damaged(path, error) from error
    labels = [name for name in stored.column_names if not name.startswith("__index_level_")]
    columns = [pd.arrays.ArrowExtensionArray(stored.column(label)) for label in labels]
    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(stored.num_rows))
    return _labelled(frame, labels)


def _labelled(frame: pd.DataFrame, labels: Sequence[Hashable]) -> Table:
    table = Table.of(frame)
    return Table(tuple(labels), table.columns, table.rows)


def _excel(path: Path, _: str | None) -> Table:
    engine = next((name for module, name in EXCEL_ENGINES.items() if find_spec(module)), None)
    if engine is None:
        raise ConfigurationError(
            "Reading Excel files needs python-calamine.",
            cost=FREE,
            todo="Type: pip install 'enrich-pandas[excel]', or save the sheet as CSV.",
        )
    path.open("rb").close()  # what is missing is said alike for every kind of file
    try:
        frame = pd.read_excel(  # type: ignore[call-overload]
            path,
            header=None,
            dtype=object,
            engine=engine,
            keep_default_na=False,
            na_values=[""],
        )
    except Exception as error:  # each engine has exceptions of its own
        raise _damaged(path, error) from error
    if frame.empty:
        return Table((), (), 0)
    labels = ["" if pd.isna(label) else label for label in frame.iloc[0]]
    return _labelled(frame.iloc[1:], labels)


def _damaged(path: Path, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"{str(path)!r} is no file of its kind: {type(error).__name__}.",
        cost=FREE,
        todo="Open it with the program that wrote it and save it again.",
    )


READERS: Mapping[str, Callable[[Path, str | None], Table]] = {
    ".csv": _delimited,
    ".tsv": _delimited,
    ".parquet": _parquet,
    ".xlsx": _excel,
}
