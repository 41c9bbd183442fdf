"""A slow and simple implementation of the layouts: one row, column and value at a time."""

import re

from enrich_pandas.frame.schema import fields_of, singular


def wide(models, codes, fields, max_items):
    rows = [models[code] for code in codes]
    columns = {}
    for field in fields:
        held = [None if row is None else getattr(row, field.name) for row in rows]
        if field.shape == "scalar":
            columns |= dated(field.name, held)
        elif field.shape == "part":
            columns |= part(field, field.name, held)
        else:
            name = singular(field.name)
            for number in range(max_items):
                picked = [nth(items, number) for items in held]
                columns |= part(field, f"{name}_{number + 1}", picked)
            columns[f"{name}_count"] = [None if items is None else len(items) for items in held]
    return columns


def table(models, codes, field):
    items = [
        (row, number, item)
        for row, code in enumerate(codes)
        for number, item in enumerate(getattr(models[code], field.name) if models[code] else [], 1)
    ]
    named = part(field, "x", [item for _, _, item in items])
    columns = {"row": [row for row, _, _ in items], "item": [number for _, number, _ in items]}
    lead = "value" if field.type is str else field.type.lead
    return columns | {name.removeprefix("x").strip("_") or lead: of for name, of in named.items()}


def nested(models, codes, field):
    rows = [models[code] for code in codes]
    return [None if row is None else list(map(plain, getattr(row, field.name))) for row in rows]


def nth(items, number):
    return items[number] if items is not None and len(items) > number else None


def part(field, name, values):
    if field.type is str:
        return {name: values}
    columns = {}
    for leaf in fields_of(field.type):
        own = name if leaf.name == field.type.lead else f"{name}_{leaf.name}"
        columns |= dated(own, [None if of is None else getattr(of, leaf.name) for of in values])
    return columns


def dated(name, values):
    if not name.endswith("_date"):
        return {name: values}
    return {name: values, f"{name.removesuffix('_date')}_year": [year(value) for value in values]}


def year(date):
    return int(date[:4]) if date is not None and re.match("[0-9]{4}", date) else None


def plain(item):
    if isinstance(item, str):
        return item
    return {name: getattr(item, name) for name in item.__struct_fields__}
