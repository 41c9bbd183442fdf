"""Read tables into frames, and write frames to files in which no cell is a formula."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from enrich_pandas.accessor import register
from enrich_pandas.directory.table import READERS, read as read_texts
from enrich_pandas.export import to_csv_safe, to_excel_safe
from enrich_pandas.frame.output import Tables
from enrich_pandas.frame.schema import TEXT

register()  # the import of the package leaves it out, for the command line alone

Write = Callable[[pd.DataFrame, Path], object]


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write Parquet that pandas can read: it cannot read the type that it writes for a list."""
    table = pa.Table.from_pandas(frame)
    described = json.loads(table.schema.metadata[b"pandas"])
    for column in described["columns"]:
        if column["numpy_type"].startswith("list<"):
            column["numpy_type"] = "object"
    metadata = {**table.schema.metadata, b"pandas": json.dumps(described)}
    pq.write_table(table.replace_schema_metadata(metadata), path)


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
    """Return a table. The cells of a CSV, TSV or Excel file are text, as written.

    Raises
    ------
    typer.BadParameter
        The file does not exist or has another ending.
    ConfigurationError
        The file cannot be read.
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
    """The file that a result is written to, checked before anything is spent.

    ``layout="tables"`` makes a folder with one file for each table.
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
        """Return the target ``output``, by default a file of the same type beside the source.

        Raises
        ------
        typer.BadParameter
            The file cannot be written, or it exists.
        """
        suffix = ".parquet" if layout == "nested" else source.suffix.lower()
        path = output or source.with_name(f"{source.stem}.{word}{suffix}")
        writer = (RAW if raw else SAFE).get(path.suffix.lower())
        if writer is None:
            raise typer.BadParameter(f"{path} must end in one of {ENDINGS}.")
        if layout == "nested" and path.suffix.lower() != ".parquet":
            raise typer.BadParameter("--layout nested needs a .parquet file.")
        target = cls(path, writer, layout == "tables")
        target._check(source, overwrite=overwrite)
        return target

    def _check(self, source: Path, *, overwrite: bool) -> None:
        path = self.place
        if path.resolve() == source.resolve():
            raise typer.BadParameter(f"{path} is the table itself: choose another --output.")
        if path.exists() and not overwrite:
            raise typer.BadParameter(f"{path} exists: add --overwrite, or choose another --output.")
        try:  # before anything is spent
            tempfile.TemporaryFile(dir=path.parent).close()
        except OSError as error:
            raise typer.BadParameter(f"{path.parent} is not writable: {error.strerror}.") from error

    @property
    def place(self) -> Path:
        """The file, or the folder of the tables."""
        return self.path.with_suffix("") if self.folder else self.path

    @property
    def partial(self) -> "Target":
        """The target for the rows of a run that stopped."""
        return Target(self.path.with_stem(f"{self.path.stem}.partial"), self.write, self.folder)

    def save(self, result: "pd.DataFrame | Tables") -> str:
        """Write a result and return a description of what was written."""
        if isinstance(result, pd.DataFrame):
            self.write(result, self.path)
            return f"{self.path.resolve()} ({len(result):,} rows, {result.shape[1]} columns)"
        self.place.mkdir(parents=True, exist_ok=True)
        for name, table in result.items():
            self.write(table, self.place / f"{name}{self.path.suffix}")
        return f"{self.place.resolve()} ({len(result)} tables)"
