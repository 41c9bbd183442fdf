"""The table of the fields that a call can return."""

from collections.abc import Mapping, Sequence
from itertools import chain

import pandas as pd

from enrich_pandas.call import Kind
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.schema import TEXT, Field, field_names, fields_of, limit_items
from enrich_pandas.pipeline import MODELS, PREFIXES
from enrich_pandas.providers import provider_rows

TYPES: Mapping[type, str] = {str: "text", int: "integer", float: "number", bool: "flag"}


def fields(kind: Kind = "people") -> pd.DataFrame:
    """Return the fields that a call can return, as a table. Nothing is sent.

    Parameters
    ----------
    kind : {"people", "companies"}, default "people"
        Whose fields to list.

    Returns
    -------
    pandas.DataFrame
        One row per field, in the order of the columns of a result. All but ``standard`` are text.

        - ``field``: what to pass in ``fields=``.
        - ``type``: ``text``, ``date`` (text in ISO form), ``integer``, ``number``, ``flag``, a part
          such as ``Location``, or a list such as ``list of Experience``; `enrich_pandas.models`
          documents the parts. One leaf of a part is chosen by a name such as ``location.city``.
        - ``columns``: the columns of the wide layout. Of a list, those of the first item and the
          number of items.
        - ``standard``: whether the field is one of the standard fields (bool). A part or an item
          of a list is returned with its most important leaves if it is not named.
        - ``description``: what it means.
        - ``providers``: the installed providers whose answers can have it. Whether a vendor fills
          it depends on your account, on the options of the provider and on the person. A directory
          fills what its table has.

    Raises
    ------
    ConfigurationError
        The kind is not valid.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> table = ep.fields("people").set_index("field")
    >>> table.loc[["title", "experiences", "skills"], ["type", "standard"]]
                             type  standard
    field
    title                    text      True
    experiences  list of Experience      True
    skills           list of text     False
    >>> table.loc["phones", "columns"].split(", ")[:2]
    ['person_phone_1', 'person_phone_1_type']
    """
    if kind not in MODELS:
        raise ConfigurationError(
            f"kind={kind!r} is not valid.", todo='Use kind="people" or kind="companies".'
        )
    rows, filled = fields_of(MODELS[kind]), _providers_by_field(kind)
    texts = {
        "field": [field.name for field in rows],
        "type": [_type(field) for field in rows],
        "columns": [_columns(field, PREFIXES[kind]) for field in rows],
        "description": [field.description for field in rows],
        "providers": [", ".join(filled.get(field.name, ())) or None for field in rows],
    }
    table = pd.DataFrame({name: pd.Series(column, dtype=TEXT) for name, column in texts.items()})
    table.insert(3, "standard", [field.standard > 0 for field in rows])
    return table


def _providers_by_field(kind: Kind) -> Mapping[str, Sequence[str]]:
    """Return the names of the installed providers that say that they fill each field of a kind."""
    filled: dict[str, list[str]] = {}
    for row in provider_rows():
        for name in row.fills.get(kind, ()):
            filled.setdefault(name, []).append(row.name)
    return filled


def _type(field: Field) -> str:
    if field.name.endswith(("_date", "_at")):
        return "date"
    name = TYPES.get(field.type, field.type.__name__)
    return f"list of {name}" if field.shape == "list" else name


def _columns(field: Field, prefix: str) -> str:
    (one,) = limit_items([field], 1)
    *names, last = (prefix + name for name in field_names(one))
    between = ["…"] if field.shape == "list" else []
    return ", ".join(chain(names, between, [last]))
