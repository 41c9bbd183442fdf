"""Examples out of the user's own frame: what is sent as what, what is not, and who repeats whom."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from enrich_pandas.frame.cells import Codes, is_missing
from enrich_pandas.frame.columns import position
from enrich_pandas.frame.identities import count_by_identifiers
from enrich_pandas.frame.impersonal import count_impersonal_rows
from enrich_pandas.frame.validation import Identified
from enrich_pandas.progress.phrases import named
from enrich_pandas.providers.base import KEYS, Identity, Kind, Provider, Status
from enrich_pandas.report.page import Grid, Line, format_value, labelled, listed
from enrich_pandas.report.sentences import explain

FEW = 3  # examples of a kind
LOOKED_AT = 1000  # rows among which those are looked for who are asked about

Refused = Mapping[tuple[Status, str], int]


class Sent(NamedTuple):
    """A row that is asked about: its label and cells, as what; of several, by which provider."""

    label: Hashable
    cells: str
    asked: str
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """A few rows of a frame, by what will become of them.

    Attributes
    ----------
    refused
        For a status and reason: the labels of the first rows, and the cells that are why.
    sent
        The first rows that are asked about.
    repeated
        For those who stand in most rows: how many, their first labels, and whom they name.
    failure_cases
        pandera's table: one line for a bad value in distinct rows, in the order of the frame.
        ``row`` is the label of the first such row, ``rows`` how many are like it.
    """

    refused: Mapping[tuple[Status, str], tuple[list[Hashable], list[str]]]
    sent: Sequence[Sent]
    repeated: Sequence[tuple[int, list[Hashable], str]]
    failure_cases: pd.DataFrame


def find_examples(
    frame: pd.DataFrame, columns: Mapping[str, Hashable], identified: Identified
) -> Examples:
    """Look for examples; it costs a look at the codes of the rows, and at a few rows."""
    places = _places(frame, columns)
    refused = identified.codes - len(identified.identities)
    return Examples(
        dict(_refused(frame, places, refused, identified.exclusions)),
        list(_sent(frame, places, identified)),
        list(_repeated(frame, identified)),
        _failure_cases(frame, identified.failure_cases),
    )


class ProviderRows(NamedTuple):
    """What one provider of several can be asked by the frame's own columns."""

    name: str
    provider: Provider
    columns: Mapping[str, Hashable]
    identified: Identified


def find_waterfall_examples(
    frame: pd.DataFrame,
    askings: Sequence[ProviderRows],
    refused: Codes,
    refusals: Sequence[tuple[Status, str]],
) -> Examples:
    """Look for examples where several providers are asked.

    Parameters
    ----------
    refused
        For each row, which of the refusals holds for all providers; -1 where none does.
    """
    columns = {name: label for one in askings for name, label in one.columns.items()}
    sent: list[Sent] = []
    is_open = np.ones(len(frame), dtype=bool)
    for one in askings:
        found = _sent(frame, _places(frame, one.columns), one.identified, is_open)
        sent += [of._replace(provider=one.name) for of in found]
        is_open &= one.identified.codes >= len(one.identified.identities)
    cases = pd.concat([one.identified.failure_cases for one in askings])
    # What one provider misses in a row is no failure where another can be asked about it.
    is_failure = cases["column"].notna() | (refused[cases["index"].to_numpy(np.intp)] >= 0)
    cases = cases[is_failure].sort_values("index", kind="stable")
    return Examples(
        dict(_refused(frame, _places(frame, columns), refused, refusals)),
        sent,
        next(filter(None, (list(_repeated(frame, one.identified)) for one in askings)), []),
        _failure_cases(frame, cases.drop_duplicates(["index", "column", "check"])),
    )


def _places(frame: pd.DataFrame, columns: Mapping[str, Hashable]) -> dict[str, int]:
    return {name: position(frame, label) for name, label in columns.items()}


def _refused(
    frame: pd.DataFrame,
    places: Mapping[str, int],
    refused: Codes,
    refusals: Sequence[tuple[Status, str]],
) -> Iterator[tuple[tuple[Status, str], tuple[list[Hashable], list[str]]]]:
    for number, (status, reason) in enumerate(refusals):
        rows = np.flatnonzero(refused == number)[:FEW]
        place = places.get(reason.partition(":")[0])
        cells = [] if place is None else frame.iloc[rows, place].tolist()
        yield (
            (status, reason),
            (list(frame.index[rows]), list(dict.fromkeys(map(format_value, cells)))),
        )


def _sent(
    frame: pd.DataFrame,
    places: Mapping[str, int],
    identified: Identified,
    is_open: "npt.NDArray[np.bool_] | None" = None,
) -> Iterator[Sent]:
    """Yield the first of those who are asked about, of the rows that are still open."""
    is_asked = identified.codes < len(identified.identities)
    rows = np.flatnonzero(is_asked if is_open is None else is_asked & is_open)[:LOOKED_AT]
    _, first = np.unique(identified.codes[rows], return_index=True)
    for row in rows[np.sort(first)[:FEW]].tolist():
        identity = identified.identities[identified.codes[row]]
        asked = {name for name, _ in identity.keys}
        columns = [place for name, place in places.items() if KEYS.get(name, name) in asked]
        cells = [frame.iat[row, place] for place in columns]  # noqa: PD009 - by position
        found = ", ".join(format_value(cell) for cell in cells if not is_missing(cell))
        (label,) = frame.index[[row]].tolist()  # as a person types it, and not as NumPy has it
        yield Sent(label, found, told(identity))


def _repeated(
    frame: pd.DataFrame, identified: Identified
) -> Iterator[tuple[int, list[Hashable], str]]:
    rows: Codes = np.bincount(identified.codes, minlength=len(identified.identities))
    counts = rows[: len(identified.identities)]
    for number in np.argsort(-counts, kind="stable")[:FEW].tolist():
        if counts[number] > 1:
            found = np.flatnonzero(identified.codes == number)[:FEW]
            labels = list(frame.index[found])
            yield int(counts[number]), labels, told(identified.identities[number])


def _failure_cases(frame: pd.DataFrame, cases: pd.DataFrame) -> pd.DataFrame:
    places = cases["index"].to_numpy(dtype=np.intp)
    table = cases[["column", "failure_case", "check", "rows"]].rename(
        columns={"failure_case": "value", "check": "reason"}
    )
    table.insert(0, "row", frame.index.take(places).to_flat_index())
    return table


def cases_of(found: Examples | None) -> pd.DataFrame:
    """Return the values that are wrong; without examples there are none."""
    if found is None:
        return pd.DataFrame(columns=["row", "column", "value", "reason", "rows"])
    return found.failure_cases.copy()


def told(identity: Identity) -> str:
    """Name an identity by its keys."""
    return ", ".join(f"{name} {format_value(value)}" for name, value in identity.keys)


def refusals(refused: Refused, found: Examples | None) -> Grid:
    """Make the table of rows that are not sent, each reason with its sentence and examples."""
    order = list(Status)
    rows = sorted(refused.items(), key=lambda item: (order.index(item[0][0]), -item[1]))
    return Grid(
        "not sent",
        ["status", "reason", "rows", "such as row", "with", "why"],
        [_refusal(status, reason, count, found) for (status, reason), count in rows],
        numbers=["rows"],
        notes=["why"],
    )


def _refusal(status: Status, reason: str, count: int, found: Examples | None) -> list[str]:
    labels, cells = found.refused.get((status, reason), ([], [])) if found else ([], [])
    told = [
        named(status),
        format_value(reason),
        f"{count:,}",
        listed(labels, count) if labels else "",
    ]
    return [*told, ", ".join(cells), explain(status, reason)]


def askings(found: Examples) -> Grid:
    """Make the table of a few rows that are asked about."""
    columns = ["row", "in the frame", "asked for as", "first by"]
    rows = [
        [format_value(one.label), one.cells, one.asked, format_value(one.provider)]
        for one in found.sent
    ]
    width = 4 if any(one.provider for one in found.sent) else 3
    return Grid("asked about, for example", columns[:width], [row[:width] for row in rows])


def repeats(found: Examples) -> Grid:
    """Make the table of those who stand in most rows."""
    rows = [[f"{n:,}", listed(labels, n), asked] for n, labels, asked in found.repeated]
    return Grid("asked once for several rows", ["rows", "such as row", "of"], rows, ["rows"])


# -- What a plan is to be looked at for: who may be charged twice, and addresses of nobody -------

SORTS = {
    "role": "rows with a shared mailbox, such as info@ or sales@",
    "disposable": "rows with an address that is thrown away after use",
    "test": "rows with an address for tests, such as test@",
}


@dataclass(frozen=True, slots=True)
class Remarks:
    """What is well, and asked about, and yet worth a look before it is paid for.

    Attributes
    ----------
    asked_by : mapping of str to int
        Identities by what they are asked about by, such as ``email``.
    impersonal : mapping of str to int
        Rows that are asked about by an address of nobody, by its sort; see `impersonal`.
    """

    asked_by: Mapping[str, int] = field(default_factory=dict)
    impersonal: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def on(cls, kind: Kind, identities: Sequence[Identity], rows: Sequence[int]) -> "Remarks":
        """Look at identities, given how many rows each has."""
        counts = count_by_identifiers(identities).most_common()
        # A company's mailbox is a shared one.
        nobody = count_impersonal_rows(identities, rows) if kind == "people" else {}
        return cls({" and ".join(names): n for names, n in counts}, nobody)

    @classmethod
    def of_several(cls, each: Sequence["Remarks"]) -> "Remarks":
        """Take those on several providers together; they are about the same rows."""
        asked_by = next((one.asked_by for one in each if len(one.asked_by) > 1), {})
        most = {sort: max(one.impersonal.get(sort, 0) for one in each) for sort in SORTS if each}
        return cls(asked_by, {sort: n for sort, n in most.items() if n})

    def twice(self) -> Iterator[Line]:
        """Say that nobody can see who stands in one row by this, and in another by that."""
        if len(self.asked_by) > 1:
            by = ", ".join(f"{n:,} by {names}" for names, n in self.asked_by.items())
            yield Line("", "", f"{by}; who stands under two of them is two charges")

    def nobody(self) -> list[Line]:
        """Count the rows whose address is of nobody."""
        return labelled("look at", [(f"{n:,}", SORTS[sort]) for sort, n in self.impersonal.items()])

    def steps(self, columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Say how these rows are left out."""
        if self.impersonal and "email" in columns:
            yield (
                "Leave out addresses of nobody, if you like:",
                f"where=ep.impersonal(df[{columns['email']}]).isna()",
            )
