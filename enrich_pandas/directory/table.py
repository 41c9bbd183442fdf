"""The user's table as columns of text, read from a frame, CSV, TSV, Parquet or Excel.

No cell is converted to a number when it is read, so that ids such as ``0042`` stay as they are.
"""

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
    """Columns of text by position. Labels may be of any type and may repeat."""

    labels: tuple[Hashable, ...]
    columns: tuple[Any, ...]
    rows: int

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Table":
        """Convert a frame, without its index."""
        columns = tuple(to_text(frame.iloc[:, place]) for place in range(frame.shape[1]))
        return cls(tuple(frame.columns), columns, len(frame))

    def frame(self) -> pd.DataFrame:
        """Return the table as a frame that shares its data."""
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
        """Return a digest of labels and cells, which changes with the content."""
        digest = hashlib.sha256(repr(self.labels).encode("utf-8", "surrogatepass"))
        for cells in self.columns:
            lengths = cells.cast(pa.large_binary()).fill_null(b"\xff")  # no text has that byte
            digest.update(np.asarray(pa.compute.binary_length(lengths)).tobytes())
            for part in _bytes_of(lengths):
                digest.update(part)
        return digest.hexdigest()


def to_text(column: "pd.Series[Any]") -> Any:
    """Return the cells of a column as Arrow text, with nulls for empty cells.

    Examples
    --------
    >>> to_text(pd.Series([7.0, None, 0.5])).to_pylist()
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
            return _one_array(pa.array(column, from_pandas=True))
        except (UnicodeEncodeError, pa.ArrowException):  # a lone surrogate, or an odd type
            pass
    return pa.array([_cell_text(cell) for cell in column], type=TEXT)


def _is_all_text(column: "pd.Series[Any]") -> bool:
    if not pd.api.types.is_object_dtype(column.dtype):
        return True
    return pd.api.types.infer_dtype(column, skipna=True) in {"string", "empty"}


def _one_array(cells: Any) -> Any:
    """Cast to text and combine the chunks to one array."""
    cells = cells.cast(TEXT)
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def _cell_text(cell: Any) -> str | None:
    """Return the text of a cell, or None if it is empty.

    A whole number has no decimals, although pandas stores it as a float beside a null.
    """
    if isinstance(cell, str):
        return cell.encode("utf-8", "replace").decode()
    if _is_empty(cell):
        return None
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float | np.floating):
        return _number_text(float(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat().removesuffix("T00:00:00")
    return str(cell)


def _is_empty(cell: Any) -> bool:
    if isinstance(cell, Decimal):  # comparing a signaling NaN raises
        return not cell.is_finite()
    return isinstance(cell, bytes) or not pd.api.types.is_scalar(cell) or is_missing(cell)


def _number_text(cell: float) -> str | None:
    if not np.isfinite(cell):
        return None
    return str(int(cell)) if cell.is_integer() else repr(cell)


def _bytes_of(cells: Any) -> list[Any]:
    """Return the bytes of all cells in one view."""
    offsets = np.frombuffer(cells.buffers()[1], dtype=np.int64)[cells.offset :][: len(cells) + 1]
    body = cells.buffers()[2]
    if body is None or not len(cells):
        return []
    return [memoryview(body)[int(offsets[0]) : int(offsets[-1])]]


# -- Files ---------------------------------------------------------------------------------------

DELIMITERS = ",;\t|"
EXCEL_ENGINES = {"python_calamine": "calamine", "openpyxl": "openpyxl"}


def read(path: Path, encoding: str | None) -> Table:
    """Read a file by its suffix.

    Parameters
    ----------
    path : Path
        A file with a suffix of `READERS`.
    encoding : str or None
        Encoding of a text file. None for UTF-8, or UTF-16 if the file has its byte order mark.

    Returns
    -------
    Table

    Raises
    ------
    ConfigurationError
        The file is missing or damaged, or its suffix or encoding is not supported.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ConfigurationError(
            f"The suffix of {str(path)!r} is not supported.",
            todo=f"Use a DataFrame, or a file that ends in {', '.join(READERS)}.",
        )
    try:
        return reader(path, encoding)
    except OSError as error:
        raise ConfigurationError(
            f"The directory {str(path)!r} cannot be read: {error.strerror or error}.",
            todo='Check the path relative to the working directory, as in ep.Directory("crm.csv").',
        ) from error


def _read_text(path: Path, encoding: str | None) -> Table:
    body = path.read_bytes()
    encoding = encoding or _encoding_of(body)
    try:
        return _parse_text(body, encoding, path)
    except (UnicodeError, LookupError) as error:
        raise _bad_encoding(path, encoding) from error


def _encoding_of(body: bytes) -> str:
    """Return the encoding by the byte order mark, or UTF-8 without one."""
    return "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _parse_text(body: bytes, encoding: str, path: Path) -> Table:
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
        columns = _by_csv_module(body, encoding, delimiter, len(labels), path)
    return Table(tuple(labels), tuple(columns), len(columns[0]))


def _delimiter(header: str) -> str:
    """Return the most frequent delimiter in the header. Excel often writes semicolons in Europe."""
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


def _by_csv_module(
    body: bytes, encoding: str, delimiter: str, width: int, path: Path
) -> list[pa.Array]:
    """Read rows of unequal length. Short rows end with empty cells; longer ones are refused."""
    lines = io.TextIOWrapper(io.BytesIO(body), encoding, newline="")
    rows = csv.reader(lines, delimiter=delimiter)
    cells: list[list[str | None]] = [[] for _ in range(width)]
    try:
        next(rows)
        for row in rows:
            if any(row[width:]):
                raise _bad_line(path, rows.line_num, f"it has {len(row)} cells for {width} labels")
            padded = [*row, *[""] * width] if row else []
            for column, cell in zip(cells, padded, strict=False):
                column.append(cell or None)
    except csv.Error as error:
        raise _bad_line(path, rows.line_num, str(error)) from error
    return [pa.array(column, type=TEXT) for column in cells]


def _bad_line(path: Path, line: int, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"Line {line} of {str(path)!r} cannot be read: {why}.",
        todo="Correct the line. A cell that contains the delimiter needs double quotes.",
    )


def _bad_encoding(path: Path, encoding: str) -> ConfigurationError:
    name = "UTF-8" if encoding == "utf-8-sig" else encoding
    return ConfigurationError(
        f"{str(path)!r} is not in the encoding {name}.",
        todo=f"Name its encoding: ep.Directory({path.name!r}, encoding='cp1252') for files that "
        "Excel writes in Western Europe. Or save it as UTF-8.",
    )


def _read_parquet(path: Path, _: str | None) -> Table:
    try:
        stored = pq.read_table(path)
    except pa.ArrowException as error:
        raise _bad_file(path, error) from error
    labels = [name for name in stored.column_names if not name.startswith("__index_level_")]
    columns = [pd.arrays.ArrowExtensionArray(stored.column(label)) for label in labels]
    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(stored.num_rows))
    return _with_labels(frame, labels)


def _with_labels(frame: pd.DataFrame, labels: Sequence[Hashable]) -> Table:
    table = Table.of(frame)
    return Table(tuple(labels), table.columns, table.rows)


def _read_excel(path: Path, _: str | None) -> Table:
    engine = next((name for module, name in EXCEL_ENGINES.items() if find_spec(module)), None)
    if engine is None:
        raise ConfigurationError(
            "Reading Excel files needs python-calamine.",
            todo="Type: pip install 'enrich-pandas[excel]', or save the sheet as CSV.",
        )
    path.open("rb").close()  # a missing file raises OSError here, as for the other formats
    try:
        frame = pd.read_excel(  # type: ignore[call-overload]
            path,
            header=None,
            dtype=object,
            engine=engine,
            keep_default_na=False,
            na_values=[""],
        )
    except Exception as error:  # each engine raises its own exceptions
        raise _bad_file(path, error) from error
    if frame.empty:
        return Table((), (), 0)
    labels = ["" if pd.isna(label) else label for label in frame.iloc[0]]
    return _with_labels(frame.iloc[1:], labels)


def _bad_file(path: Path, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"{str(path)!r} is damaged, or not a {path.suffix} file: {type(error).__name__}.",
        todo="Open it in the program that wrote it, and save it again.",
    )


READERS: Mapping[str, Callable[[Path, str | None], Table]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
}
