"""What a plan is to be looked at for: who may be charged twice, and addresses of nobody."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from enrich_pandas.frame.identities import counts_by_names
from enrich_pandas.frame.impersonal import rows_by_sort
from enrich_pandas.providers.base import Identity, Kind
from enrich_pandas.report.page import Line, labelled

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
        counts = counts_by_names(identities).most_common()
        # A company's mailbox is a shared one.
        nobody = rows_by_sort(identities, rows) if kind == "people" else {}
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
