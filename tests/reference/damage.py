r"""Make records from a wire type: realistic ones, odd ones and damaged ones.

A record is the raw element that the journal stores. Its type is looked into, so that a field that
is added to a wire type is made, too. Fields along the *spine* lead from the element to the data of
the person or company. They are always there, and a list among them has exactly one item, because
the vendor's answer is bound before it is stored.

``Records`` makes thousands of records in a second from a seed. ``records`` is the same as a
Hypothesis strategy, which shrinks.

People, companies and addresses are made up and on reserved domains.
"""

import json
import types
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from random import Random
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec
from hypothesis import strategies as st

from enrich_pandas.providers.decoding import Day

Style = Literal["full", "clean", "odd", "damaged"]
STYLES: tuple[Style, ...] = ("clean", "odd", "damaged")
VALID: tuple[Style, ...] = ("clean", "odd")  # strict decoding reads all of them at once

# -- Values by the name of a field ---------------------------------------------------------------

# fmt: off
TITLES = ["Head of Data", "Engineer", "Ingénieure", "Chief Executive", "Analyst, Risk", "営業"]
COMPANIES = ["Example Works", "Beispiel GmbH & Co. KG", "Acme, Inc.", "Nordlicht", "株式会社"]
DOMAINS = [
    "example.com", "www.beispiel.example", "Acme.example", "example.org/about", "no domain",
    "münchen.example", "example.com, example.org", "https://example.net",
]
URLS = ["https://www.example.com", "example.org/x?y=1", "http://acme.example/", "HTTPS://A.EXAMPLE"]
PROFILES = ["https://www.linkedin.com/in/ada-example", "linkedin.com/in/zoe-example", "ada"]
PAGES = ["https://www.linkedin.com/company/example-works", "linkedin.com/company/acme"]
NETWORKS = [
    "https://twitter.com/ada", "https://github.com/ada", "www.facebook.com/ada", "about.me/a",
    "/in/ada", "HTTP://WWW.X.example", "github.com", "?", "https://",
]
EMAILS = [
    "ada@example.com", "ADA@example.com", "zoe@beispiel.example", "strasse@example.org",
    "straße@example.org", "STRASSE@EXAMPLE.ORG", "İ@example.com", "i\u0307@example.com",
    "ada@example.com, zoe@example.com", "not an address", "kim@example.com",
    "\u212aim@example.com", "zo\u017f@example.org", "zos@example.org",
]
PHONES = ["+1 310-555-0100", "310 555 0101", "(310) 555-0102", "+1 310-555-0100 "]
PLACES = ["Paris, France", "San Francisco, California, United States", "München", "Remote"]
CODES = ["7372", "0111", "541511", "7372, 0111", " 7372 "]
NUMBERS_IN_WORDS = ["1,250", "40", "11-50", "10000+", "10+", "2500000.0", "1,23", "0040", "١٢"]
LISTED_TEXTS = [
    "python", "sql, python, SQL", "a,,b, ,a", "machine learning;statistics", "C++, C#", ", ",
    "a\u00a0,\u3000b,,\u200b,b", "\u2003",
]
MEDIA = [
    "LinkedIn", "linkedin.com", "TWITTER", "github", "https://about.me/ada", " ", "x y", "#",
]
KINDS = ["professional", "Professional ", "personal", "PERSONAL", "business", "mobile", "İ"]
NAMES = ["Ada Example", "Zoë Muster", "Bo", "山田 花子", "O'Neil"]
DATES: list[Any] = [
    "2021-04-01", "2021-04-01T00:00:00+00:00", "2021-04", "2021", 2021, 2002, 1999,
    "2019-12-31T08:30:00Z", "2019-12-31 00:00:00", "2019-12-31T00:00:00.000Z", " 2020-02-29 ",
    "2020-02-29T00:00:00", "2002-05-31T00:00:00+0530", "2021-04-01T00:00", "", " ",
]
ODD_DATES: list[Any] = [
    "Present", "12/2001", "2002-13-01", "2002-1-1", "2002-05-32", "20020517", 99, 10_000, 20020517,
    2002.5, 2002.0, "2002-02-30", [2002], {"year": 2002}, True, 1.5e9, "99", "٢٠٠٢", "2002-05-17X",
    "\u20032021-04\u3000", -2002, ["2021-04-01"], "0000", "\uff12\uff10\uff12\uff11",
]
IDS: list[Any] = [
    "12", 12, [12, 13], ["12", 13, None], 0, "0", " 0 ", "", [], [0, "0", 7], [None, ""],
    1941874000003442382, "1941874000003442382", 2**63 - 1, -1, [""], "a-1", [" 12 "], 2**64 - 1,
]

WORDS: Sequence[tuple[str, list[str]]] = [
    ("email business_email primary_email secondary_email other_emails", EMAILS),
    ("phone phone_numbers contact number contacts", PHONES),
    ("domain domains all_domains websites", DOMAINS),
    ("professional_network_url linkedin_url company_linkedin_url", [*PROFILES, *PAGES]),
    ("profile_url media_url twitter github permalink", NETWORKS),
    ("url website logo sign_in sign_up media_urls", URLS),
    ("title designation headline current_title", TITLES),
    ("company_name employer_name company", COMPANIES),
    ("employees revenue years_in_industry", NUMBERS_IN_WORDS),
    ("city state country continent region location address addresses", PLACES),
    ("naics_code sic_code sic_codes naics_codes pin_code postal_code", CODES),
    ("media_type network provider", MEDIA),
    ("type", KINDS),
    ("skills interests keywords technologies languages cards verifications", LISTED_TEXTS),
    ("markets industries investors categories specialities industry", LISTED_TEXTS),
    ("name first_name last_name", NAMES),
]
OTHER_WORDS = ["Some words", "Two lines\nand a tab\t", "a, b", "x" * 300, 'say "no" \\ /', "=1+1"]

# Most of these are white space for Python, the last ones are not.
BLANKS = [
    " ", "\u00a0", "\u2003", "\u3000", "\u0085", "\x1c", "\x1d", "\x1e", "\x1f", "\u200b",
    "\t", "\n", "\u2028", "\u2029", "\u202f", "\u205f", "\u1680", "\u2000", "\u200a", "\x0b",
    "\x0c", "\r", "  \u00a0 ", "\ufeff", "\u180e", "\u2060", "\x7f", "\x1b",
]
EXOTIC = [
    "", "\0", "\x07bell", "null", "0", "-", "e\u0301", "é", "😀", "\u202eabc", "\ufeffa", "ß", "ss",
    "İ", "i\u0307", "a" + "\u0301" * 9, "NaN", "true", "<b>x</b>", "\u001d a \u001e", "\ufb00", "ǆ",
]
# Halves of surrogate pairs, and whole pairs, as they stand in JSON.
SURROGATES = (
    r'"\ud800"', r'"a\udc00b"', r'"\ud83d\ude00"', r'"\uD83D\uD83D\uDE00"', r'" \ud800 "',
)
# Numbers as they stand in JSON, and as Python writes none.
NUMERALS = ("2.002e3", "-0", "1E2", "12.0", "5E-1", "0.0e0", "1e400", "-1e-400")

WHOLES: list[Any] = [0, 1, 40, 500, 12_000, 141_000_000, 2**31, 2**53 + 1, 2**63 - 1, -1, -(2**63)]
FRACTIONS: list[Any] = [0.97, 1.0, 141000000.0, 0.0, -0.5, 1e15, 3, 12.999, -0.0, 2**53, 2.5e-7]
YEARS: list[Any] = [2002, 1000, 9999, 1987]
ODD_NUMBERS: list[Any] = [
    "500", " 500 ", "500.0", "1e3", "abc", "", 5.0, 2.5, 1e300, 1e22, 2**63, 2**64, 10**25,
    -(2**63) - 1, -(10**19), 9007199254740994.0, 2**53 + 2, True, [5], {"value": 5}, "1,000", 999,
    10_000, "\uff19", "2002",
]
ODD_FLAGS: list[Any] = ["true", "false", "True", "1", "0", 1, 0, 1.0, "yes", "", [True], {}]
WRONG: list[Any] = [
    7, 0, -3, 2.0, 2.5, True, False, 10**30, [], {}, ["a"], {"a": 1}, [[]], [{}], "x", [None],
    ["", " b "], {"name": "Bo"}, 1e308, [1, "a", None, True], "", " ",
]
# fmt: on


def words_of(name: str) -> list[str]:
    """Return realistic texts for a field, by its name."""
    named = [(ends.split(), words) for ends, words in WORDS]
    exact = (words for ends, words in named if name in ends)
    similar = (words for ends, words in named if any(name.endswith(f"_{end}") for end in ends))
    return next(chain(exact, similar), OTHER_WORDS)


# -- Plans: what can be written for a type -------------------------------------------------------


def written(values: Sequence[Any]) -> tuple[str, ...]:
    """Return values as JSON, each once; one in two texts with its letters escaped."""
    return tuple(dict.fromkeys(encoded(value, n) for n, value in enumerate(values)))


def encoded(value: Any, number: int = 0) -> str:
    return json.dumps(value, ensure_ascii=number % 2 == 0)


def blanked(texts: Sequence[str]) -> Iterator[str]:
    """Yield texts with white space and other invisible characters around them."""
    for number, one in enumerate([*texts] * 3):
        blank, other = BLANKS[number % len(BLANKS)], BLANKS[(number * 3 + 1) % len(BLANKS)]
        yield from (f"{blank}{one}{other}", f"{one}{other}", f"{blank}{one}", blank)
        yield from (one.upper(), one.lower())


class Leaf(NamedTuple):
    """What can be written for a value: JSON by style."""

    clean: tuple[str, ...]
    odd: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def every(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.clean + self.odd + self.damaged))


class Listed(NamedTuple):
    """A list of what a plan makes, alone or among others: a value that need not be a list."""

    item: "Plan"


class Mapped(NamedTuple):
    """An object with any keys."""

    keys: tuple[str, ...]
    value: "Plan"


class Either(NamedTuple):
    """One of several plans."""

    options: tuple["Plan", ...]


class Object(NamedTuple):
    """An object of a wire type: its keys, written as JSON, and their plans."""

    wire: type[msgspec.Struct]
    keys: tuple[str, ...]
    plans: tuple["Plan", ...]


Plan = Leaf | Listed | Mapped | Either | Object


@cache
def plan_of(wire: type[msgspec.Struct]) -> Object:
    """Return the plan of a wire type."""
    hints = get_type_hints(wire, include_extras=True)
    named = msgspec.structs.fields(wire)
    return Object(
        wire,
        tuple(json.dumps(one.encode_name) for one in named),
        tuple(_plan(hints[one.name], one.encode_name) for one in named),
    )


def _plan(kind: Any, name: str) -> Plan:
    parts = [_one(part, name) for part in _options(kind) if part is not type(None)]
    leaves = [part for part in parts if isinstance(part, Leaf)]
    merged = [_merged(leaves)] if leaves else []
    options = [*merged, *(part for part in parts if not isinstance(part, Leaf))]
    return options[0] if len(options) == 1 else Either(tuple(options))


def _options(kind: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, without the bounds of numbers."""
    if get_origin(kind) is Annotated:
        return (kind,)
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(chain.from_iterable(map(_options, get_args(kind))))
    return (kind,)


def _merged(leaves: Sequence[Leaf]) -> Leaf:
    clean, odd, damaged = (tuple(dict.fromkeys(chain(*of))) for of in zip(*leaves, strict=True))
    return Leaf(clean, odd, damaged)


def _one(kind: Any, name: str) -> Plan:
    if get_origin(kind) is list:
        return Listed(_plan(get_args(kind)[0], name))
    if get_origin(kind) is dict:
        return Mapped(_keys(name), _plan(get_args(kind)[1], name))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return plan_of(kind)
    return _leaf(kind, name)


@cache
def _keys(name: str) -> tuple[str, ...]:
    groups = EMAILS[:6] if name.endswith("emails") else ["Sales", "Engineering", " HR ", "", "営業"]
    return written([*groups, "\u00a0", "Sales"])


@cache
def _leaf(kind: Any, name: str) -> Leaf:
    number = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    is_year = number is not kind and get_args(kind)[1].ge == min(YEARS)
    words = words_of(name)
    if kind is str and name.endswith(("id", "code", "number")):
        ids = [one for one in IDS if isinstance(one, str)]
        clean, odd, damaged = [*words, "12"], [*ids, *blanked(ids)], [*IDS, *WRONG]
    elif kind is str:
        clean, odd, damaged = words, [*blanked(words), *EXOTIC, *BLANKS, *words], WRONG
    elif kind is Day:
        clean, odd, damaged = [one for one in DATES if one], DATES, [*ODD_DATES, *WRONG]
    elif number is int:
        clean = YEARS if is_year else WHOLES[:6]
        odd, damaged = YEARS if is_year else WHOLES, [*ODD_NUMBERS, *WRONG]
    elif number is float:
        clean, odd, damaged = FRACTIONS[:4], [*FRACTIONS, *WHOLES[:6]], [*ODD_NUMBERS, *WRONG]
    elif kind is bool:
        clean, odd, damaged = [True, False], [True, False], [*ODD_FLAGS, *WRONG]
    elif kind is Any:
        clean, odd, damaged = [None], [None, ""], WRONG
    else:
        raise TypeError(f"Add values for {kind} to tests/reference/damage.py.")
    rest = () if kind is Any else (*SURROGATES, *NUMERALS)
    return Leaf(written(clean), written(odd), (*written(damaged), *rest))


def paths_of(wire: type[msgspec.Struct]) -> list[str]:
    """Return the path of each field, also of the fields within, as `decoding.read` names it.

    Examples
    --------
    >>> from enrich_pandas.providers.zoho.people import PersonJob
    >>> [path for path in paths_of(PersonJob) if "email_infos" in path][1:]
    ['enriched_data.email_infos[].type', 'enriched_data.email_infos[].email']
    """
    return list(dict.fromkeys(_paths(plan_of(wire), "")))


def _paths(plan: Plan, path: str) -> Iterator[str]:
    if isinstance(plan, Object):
        for key, of in zip(plan.keys, plan.plans, strict=True):
            inner = f"{path}.{json.loads(key)}".lstrip(".")
            yield inner
            yield from _paths(of, inner)
    elif isinstance(plan, Listed):
        yield from _paths(plan.item, f"{path}[]")
    elif isinstance(plan, Mapped):
        yield from _paths(plan.value, path)
    elif isinstance(plan, Either):
        yield from chain.from_iterable(_paths(one, path) for one in plan.options)


# -- Many records --------------------------------------------------------------------------------

KEPT = (0.15, 0.4, 0.8, 0.98)  # shares of the fields that a record has
NULLS = {"full": 0.0, "clean": 0.02, "odd": 0.12, "damaged": 0.12}
DAMAGE = (0.01, 0.05, 0.3)  # shares of a damaged record's values that are damaged
SIZES = (0, 1, 1, 2, 3, 5)
LONG = 200  # items of a very long list
WRONG_OBJECTS = written(WRONG)
NEW_FIELDS = (
    '"introduced_yesterday":{"a":[1,null]}',
    '"_x":"é"',
    '"":1',
    '"größe":"\\ud83d\\ude00"',
)


class Records:
    """Makes records of a wire type.

    Parameters
    ----------
    wire
        The type of an element.
    spine
        The names of the fields that lead from the element to its data.
    seed
        The same seed makes the same records.
    """

    def __init__(
        self, wire: type[msgspec.Struct], spine: Sequence[str] = (), seed: int = 0
    ) -> None:
        self._plan, self._spine = plan_of(wire), tuple(map(json.dumps, spine))
        self._rng = Random(seed)  # noqa: S311 - not a secret
        self._random: Callable[[], float] = self._rng.random
        self._style: Style = "clean"
        self._kept = self._nulls = self._damage = 0.0
        self._span = 1_000

    def make(self, count: int, styles: Sequence[Style] = STYLES) -> list[bytes]:
        """Return records of some styles, as many of each."""
        return [self.one(styles[number % len(styles)]) for number in range(count)]

    def empty(self) -> bytes:
        """Return a record without any data."""
        self._style, self._kept = "clean", 0.0
        return self._object(self._plan, self._spine).encode()

    def one(self, style: Style) -> bytes:
        """Return a record of a style.

        A realistic one is "full", with all fields, or "clean". An "odd" one has nulls, repeats,
        blanks and unusual texts, and is valid. A "damaged" one also has values of other types.
        """
        rng = self._rng
        self._style, self._nulls = style, NULLS[style]
        self._kept = 1.0 if style == "full" else rng.choice(KEPT)
        self._damage = rng.choice(DAMAGE) if style == "damaged" else 0.0
        # A third of the records takes its values from few, so that they repeat and agree.
        self._span = rng.choice((2, 4, 1_000))
        made = self._object(self._plan, self._spine)
        if style == "clean" and self._random() < 0.05:
            made = json.dumps(json.loads(made), indent=1)
        return made.encode()

    def _object(self, plan: Object, spine: tuple[str, ...] = ()) -> str:
        random, kept = self._random, self._kept
        parts: list[str] = []
        for key, of in zip(plan.keys, plan.plans, strict=True):
            if spine and key == spine[0]:
                parts.append(f"{key}:{self._along(of, spine[1:])}")
            elif random() < kept:
                parts.append(f"{key}:{self._value(of)}")
        if self._is_odd and random() < 0.1:
            self._disturb(plan, parts, spine)
        return f"{{{','.join(parts)}}}"

    def _disturb(self, plan: Object, parts: list[str], spine: tuple[str, ...]) -> None:
        """Add a field that is not documented, repeat or escape a key, or change the order."""
        rng, chance = self._rng, self._random()
        if chance < 0.4:
            parts.insert(rng.randrange(len(parts) + 1), rng.choice(NEW_FIELDS))
        elif chance < 0.6:
            rng.shuffle(parts)
        elif chance < 0.8 and self._style == "damaged":
            place = rng.randrange(len(plan.keys))
            if plan.keys[place] not in spine[:1]:
                parts.append(f"{plan.keys[place]}:{self._value(plan.plans[place])}")
        elif parts:
            place = rng.randrange(len(parts))
            parts[place] = f'"\\u{ord(parts[place][1]):04x}{parts[place][2:]}'

    def _along(self, plan: Plan, spine: tuple[str, ...]) -> str:
        if isinstance(plan, Listed):
            return f"[{self._along(plan.item, spine)}]"
        assert isinstance(plan, Object), plan
        return self._object(plan, spine)

    def _value(self, plan: Plan) -> str:
        random = self._random
        if random() < self._nulls:
            return "null"
        while isinstance(plan, Either):
            plan = plan.options[int(random() * len(plan.options))]
        is_damaged = random() < self._damage
        if isinstance(plan, Leaf):
            pool = plan.damaged if is_damaged else plan[0 if random() < 0.5 else self._is_odd]
            return pool[int(random() * min(len(pool), self._span if not is_damaged else 1_000))]
        if isinstance(plan, Listed):
            return self._damaged_list(plan) if is_damaged else self._list(plan)
        if is_damaged:
            return self._damaged_object(plan)
        return self._mapped(plan) if isinstance(plan, Mapped) else self._object(plan)

    @property
    def _is_odd(self) -> int:
        return 0 if self._style in ("full", "clean") else 1

    def _list(self, plan: Listed) -> str:
        rng, random = self._rng, self._random
        size = SIZES[int(random() * len(SIZES))] or int(self._style == "full")
        items = [self._value(plan.item) for _ in range(size)]
        if items and self._is_odd and random() < 0.3:
            items.append(rng.choice(items))  # the same item again
            rng.shuffle(items)
        if items and self._is_odd and random() < 0.01:
            items = [items[n % len(items)] for n in range(LONG)]
        return f"[{','.join(items)}]"

    def _damaged_list(self, plan: Listed) -> str:
        chance = self._random()
        if chance < 0.3:
            return self._value(plan.item)  # a bare item
        if chance < 0.5:
            return f"[{self._list(plan)}]"
        if chance < 0.8:
            wrong = [self._rng.choice(WRONG_OBJECTS), self._value(plan.item), "null"]
            self._rng.shuffle(wrong)
            return f"[{','.join(wrong)}]"
        return self._rng.choice(WRONG_OBJECTS)

    def _damaged_object(self, plan: Object | Mapped) -> str:
        made = self._mapped(plan) if isinstance(plan, Mapped) else self._object(plan)
        chance = self._random()
        if chance < 0.3:
            return f"[{made}]"
        if chance < 0.4:
            return json.dumps(made)  # as a text
        return self._rng.choice(WRONG_OBJECTS)

    def _mapped(self, plan: Mapped) -> str:
        rng = self._rng
        keys = rng.sample(plan.keys, min(rng.choice(SIZES), len(plan.keys)))
        if self._style != "damaged":
            return f"{{{','.join(f'{key}:{self._value(plan.value)}' for key in keys)}}}"
        keys += keys[: rng.choice((0, 0, 0, 1))]  # the same key twice
        return f"{{{','.join(f'{key}:{self._value(plan.value)}' for key in keys)}}}"


# -- Hypothesis ----------------------------------------------------------------------------------


def records(wire: type[msgspec.Struct], spine: Sequence[str] = ()) -> st.SearchStrategy[bytes]:
    """Return a strategy for records of a wire type. It shrinks to few and simple fields."""
    return _object_texts(plan_of(wire), tuple(map(json.dumps, spine))).map(str.encode)


def _object_texts(plan: Object, spine: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    required, optional = {}, {}
    for key, of in zip(plan.keys, plan.plans, strict=True):
        if spine and key == spine[0]:
            required[key] = _texts_along(of, spine[1:])
        else:
            optional[key] = st.just("null") | _texts(of)
    fields = st.fixed_dictionaries(required, optional=optional)
    repeats = {key: of for key, of in optional.items() if isinstance(key, str)}
    again = st.fixed_dictionaries({}, optional=repeats) if not spine else st.just({})
    extra = st.just(()) | st.sampled_from(NEW_FIELDS).map(lambda one: (one,))
    return st.tuples(fields, st.just({}) | again, extra).map(
        lambda drawn: _joined_fields([*drawn[0].items(), *drawn[1].items()], drawn[2])
    )


def _joined_fields(fields: Sequence[tuple[str, str]], extra: Sequence[str]) -> str:
    return f"{{{','.join([*(f'{key}:{value}' for key, value in fields), *extra])}}}"


def _texts_along(plan: Plan, spine: tuple[str, ...]) -> st.SearchStrategy[str]:
    if isinstance(plan, Listed):
        return _texts_along(plan.item, spine).map(lambda one: f"[{one}]")
    assert isinstance(plan, Object), plan
    return _object_texts(plan, spine)


@cache
def _texts(plan: Plan) -> st.SearchStrategy[str]:
    wrong = st.sampled_from(WRONG_OBJECTS)
    if isinstance(plan, Leaf):
        return st.sampled_from(plan.every)
    if isinstance(plan, Either):
        return st.one_of(*map(_texts, plan.options))
    if isinstance(plan, Listed):
        item = st.just("null") | _texts(plan.item)
        listed = st.lists(item, max_size=3).map(lambda items: f"[{','.join(items)}]")
        return listed | wrong | item
    if isinstance(plan, Mapped):
        pairs = st.lists(st.tuples(st.sampled_from(plan.keys), _texts(plan.value)), max_size=3)
        return pairs.map(lambda drawn: _joined_fields(drawn, ())) | wrong
    return st.deferred(lambda: _object_texts(plan)) | wrong
