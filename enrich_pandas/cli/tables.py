"""Files to frames, and frames to files in which no cell is a formula."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from enrich_pandas.directory.table import READERS
from enrich_pandas.directory.table import read as read_texts
from enrich_pandas.export import to_csv_safe, to_excel_safe
from enrich_pandas.frame.output import Tables
from enrich_pandas.frame.schema import TEXT

Write = Callable[[pd.DataFrame, Path], object]


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write Parquet that pandas reads, too: it cannot read its own note of an Arrow list's type."""
    whole = pa.Table.from_pandas(frame)
    notes = json.loads(whole.schema.metadata[b"pandas"])
    for note in notes["columns"]:
        if note["numpy_type"].startswith("list<"):
            note["numpy_type"] = "object"
    metadata = {**whole.schema.metadata, b"pandas": json.dumps(notes)}
    pq.write_table(whole.replace_schema_metadata(metadata), path)


def _raw_excel(frame: pd.DataFrame, path: Path) -> None:
    frame.to_excel(path, index=False)


SAFE: Mapping[str, Write] = {
    ".csv": to_csv_safe,
    ".tsv": lambda frame, path: to_csv_safe(frame, path, sep="\t"),
    ".xlsx": to_excel_safe,
    ".parquet": _parquet,
}
RAW: Mapping[str, Write] = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    ".xlsx": _raw_excel,
    ".parquet": _parquet,
}
ENDINGS = ", ".join(SAFE)


def read(path: Path) -> pd.DataFrame:
    """Read a table. Cells of a CSV, TSV or Excel file stay as they are written, as text.

    Raises
    ------
    typer.BadParameter
        It is not there, or is no table.
    ConfigurationError
        It cannot be read.
    """
    if not path.is_file():
        raise typer.BadParameter(f"{path} is not a file.")
    if path.suffix.lower() not in READERS:
        raise typer.BadParameter(f"{path} must end in one of {', '.join(READERS)}.")
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path)
    return read_texts(path, None).frame().astype(pd.api.types.pandas_dtype(TEXT))


@dataclass(frozen=True)
class Target:
    """Where a result is written; checked before anything is spent.

    ``layout="tables"`` makes a folder with a file a table.
    """

    path: Path
    write: Write
    folder: bool

    @classmethod
    def of(
        cls,
        output: Path | None,
        source: Path,
        word: str,
        *,
        layout: str,
        raw: bool,
        overwrite: bool,
    ) -> "Target":
        """Choose the file: ``output``, else beside the source and of its kind.

        Raises
        ------
        typer.BadParameter
            It could not be written, or is there already.
        """
        suffix = ".parquet" if layout == "nested" else source.suffix.lower()
        path = output or source.with_name(f"{source.stem}.{word}{suffix}")
        writer = (RAW if raw else SAFE).get(path.suffix.lower())
        if writer is None:
            raise typer.BadParameter(f"{path} must end in one of {ENDINGS}.")
        if layout == "nested" and path.suffix.lower() != ".parquet":
            raise typer.BadParameter("Only a .parquet file holds lists: layout nested needs one.")
        target = cls(path, writer, layout == "tables")
        target._check(source, overwrite=overwrite)
        return target

    def _check(self, source: Path, *, overwrite: bool) -> None:
        path = self.place
        if path.resolve() == source.resolve():
            raise typer.BadParameter(f"{path} is the table itself; name another --output.")
        if path.exists() and not overwrite:
            raise typer.BadParameter(f"{path} is there already: add --overwrite, or name another.")
        try:  # before anything is spent
            tempfile.TemporaryFile(dir=path.parent).close()
        except OSError as error:
            raise typer.BadParameter(f"{path.parent} takes no file: {error.strerror}.") from error

    @property
    def place(self) -> Path:
        """The file, or the folder of several."""
        return self.path.with_suffix("") if self.folder else self.path

    @property
    def partial(self) -> "Target":
        """Where to write what a run had found before it stopped."""
        return Target(self.path.with_stem(f"{self.path.stem}.partial"), self.write, self.folder)

    def save(self, result: "pd.DataFrame | Tables") -> str:
        """Write it; return what was written, in words."""
        if isinstance(result, pd.DataFrame):
            self.write(result, self.path)
            return f"{self.path.resolve()} ({len(result):,} rows, {result.shape[1]} columns)"
        self.place.mkdir(parents=True, exist_ok=True)
        for name, one in result.items():
            self.write(one, self.place / f"{name}{self.path.suffix}")
        return f"{self.place.resolve()} ({len(result)} tables)"
