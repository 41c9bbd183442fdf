"""A vendor's records: the raw element of an answer, and how it is read."""

from dataclasses import dataclass, field

from enrich_pandas.models import Model


@dataclass(frozen=True, slots=True)
class RecordType:
    """How the records of a vendor's endpoint are read.

    Attributes
    ----------
    name
        Name of the type, unique within a provider. The journal stores it with each record.
    model
        The model that it describes.
    """

    name: str
    model: type[Model]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A person or company as a vendor sent it.

    Attributes
    ----------
    type
        How to read it.
    raw
        The vendor's element: one JSON object.
    """

    type: RecordType
    raw: bytes = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and (self.type, self.raw) == (other.type, other.raw)

    __hash__ = None  # type: ignore[assignment]  # equal records can have different bytes
