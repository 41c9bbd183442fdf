"""The directives of the page of fields: tables that are generated from `enrich_pandas.models`.

``fields`` is `enrich_pandas.fields` with the vendors beside it, ``standard`` the columns of the
standard fields, and ``parts`` the fields of each part. A provider delivers a field if a mapping of
its record types has it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

import enrich_pandas as ep
from enrich_pandas import models
from enrich_pandas.frame.schema import field_names, standard_fields
from enrich_pandas.pipeline import PREFIXES
from enrich_pandas.providers import provider_rows

VENDORS = ("crustdata", "amplemarket", "zoho")
MODELS = {"people": models.Person, "companies": models.Company}
SHOWN = 3  # columns of a field that are named; the rest is counted


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("fields", Fields)
    app.add_directive("parts", Parts)
    app.add_directive("standard", Standard)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Fields(Directive):
    """The fields of people or companies: type, columns, standard, providers, description."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table of one kind."""
        kind = self.arguments[0]
        delivered = {row.name: row.fills[kind] for row in provider_rows() if row.name in VENDORS}
        rows = [
            [
                _code(field.field),
                [nodes.Text(field.type)],
                _named([name for name in field.columns.split(", ") if name != "…"]),
                [nodes.Text("●" if field.standard else "")],
                *([nodes.Text("●" if field.field in delivered[of] else "")] for of in VENDORS),
                [nodes.Text(field.description)],
            ]
            for field in ep.fields(kind).itertuples()
        ]
        heads = ["Field", "Type", "Columns (wide)", "Standard", *VENDORS, "Description"]
        return [_table(heads, rows)]


class Standard(Directive):
    """The columns of the standard fields of people and of companies."""

    def run(self) -> list[nodes.Node]:
        """Return a table for each kind."""
        found: list[nodes.Node] = []
        for kind, model in MODELS.items():
            rows = [
                [_code(field.name), _literals(PREFIXES[kind] + name for name in field_names(field))]
                for field in standard_fields(model)
            ]
            found += [nodes.rubric("", "", nodes.Text(kind.capitalize()))]
            found += [_table(["Field", "Columns (wide)"], rows)]
        return found


class Parts(Directive):
    """The parts that fields consist of, each with its own fields."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each part."""
        found: list[nodes.Node] = []
        for part in _parts():
            title = nodes.rubric("", "", nodes.Text(part.__name__))
            lead = (part.__doc__ or "").splitlines()[0]
            rows = [
                [_code(name), [nodes.Text(_type(hint))], [nodes.Text(description)]]
                for name, hint, description in _fields(part)
            ]
            found += [
                title,
                nodes.paragraph("", lead),
                _table(["Field", "Type", "Description"], rows),
            ]
        return found


def _fields(model: type) -> Iterator[tuple[str, Any, str]]:
    hints = get_type_hints(model, include_extras=True)
    for name in model.__struct_fields__:
        hint, description = hints[name], ""
        if get_origin(hint) is Annotated:
            hint, meta = get_args(hint)
            description = meta.description
        yield name, hint, description


def _type(hint: Any) -> str:
    inner = [one for one in get_args(hint) if one is not type(None)]
    if get_origin(hint) is list:
        return f"list of {_type(inner[0])}"
    if inner:
        return _type(inner[0])
    return {str: "text", int: "integer", float: "number", bool: "flag"}.get(hint, hint.__name__)


def _parts() -> list[type]:
    """Return the models' parts in the order in which they are first used."""
    found: dict[type, None] = {}
    for model in MODELS.values():
        for _, hint, _ in _fields(model):
            one = next((a for a in get_args(hint) if a is not type(None)), hint)
            if isinstance(one, type) and issubclass(one, models.Part):
                found[one] = None
    return list(found)


def _code(text: str) -> list[nodes.Node]:
    return [nodes.literal("", text)]


def _literals(names: Iterable[str]) -> list[nodes.Node]:
    return [node for name in names for node in (nodes.literal("", name), nodes.Text(" "))]


def _named(columns: Sequence[str]) -> list[nodes.Node]:
    """Name the first columns of a field."""
    found = _literals(columns[:SHOWN])
    if len(columns) > SHOWN:
        found.append(nodes.Text(f"and {len(columns) - SHOWN} more"))
    return found


def _table(heads: Sequence[str], rows: Sequence[Sequence[Sequence[nodes.Node]]]) -> nodes.Node:
    group = nodes.tgroup(cols=len(heads))
    group += [nodes.colspec(colwidth=1) for _ in heads]
    group += nodes.thead("", _row([[nodes.Text(head)] for head in heads]))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["fields", "colwidths-auto"])


def _row(cells: Sequence[Sequence[nodes.Node]]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells))
