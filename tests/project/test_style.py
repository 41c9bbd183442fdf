"""The language of the project: plain technical English, checked word by word.

CONTRIBUTING.md says how we write. The patterns below are the words that have a standard term or
that refer to rows as if they were people. A line with a good reason stands in `EXCEPTIONS`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("enrich_pandas", "tests", "docs", "benchmarks", "notebooks", ".github")
FILES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "pyproject.toml")
ENDINGS = {".py", ".md", ".ipynb", ".toml", ".yml"}

# What the pattern finds, and the term that we use instead.
TERMS = {
    r"whom|whoever|whomever": "the rows, identities or people that …",
    r"(?:no|some|any|every)body(?:'?s)?": "no match, a person, each row",
    r"told|tells of": "shown, reported, documented",
    r"he|she|him|his|hers": "the person, the row, the user",
    r"purses?": "balance",
    r"(?:hard )?walls?(?![ -]?(?:clock|time))": "budget, spending limit",
    r"park(?:ed|ing)?": "batches waiting for budget",
    r"lend(?:s|ing)?|lent": "concurrency slots",
    r"throttl\w*": "rate limit, rate limiter",
    r"tall(?:y|ies)|arrivals": "results, result collector",
    r"outlooks?(?!\.\w)": "progress snapshot, time left",
    r"tombstones?|stones?": "suppression list",
    r"scrub\w*": "redact",
    r"freezing|froze|frozen(?!set|=True| field)": "export a cassette",
    r"tapes?": "cassette, replay",
    r"surroundings": "environment",
    r"ask(?:s|ed|ing)? about": "look up, request, enrich",
    r"such as row": "examples",
    r"what nobody can know": "lost answer",
}
PATTERN = re.compile("|".join(rf"(?<![A-Za-z-])(?:{words})(?![A-Za-z-])" for words in TERMS))

# A file, what its lines hold, and the reason.
EXCEPTIONS = {
    "tests/project/test_style.py": (r"", "names the words"),
    "enrich_pandas/journal/schema.py": (r"TABLE", "migrations keep the old name of a table"),
    "tests/journal/test_schema.py": (r"TABLE", "restores the old name of a table"),
}


def texts() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in ENDINGS and "_build" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
    for name in FILES:
        yield name, (ROOT / name).read_text("utf-8")


def findings(name: str, text: str) -> list[str]:
    allowed = re.compile(EXCEPTIONS[name][0]) if name in EXCEPTIONS else None
    return [
        f"{name}:{number}: {found[0]!r} in {line.strip()[:120]}"
        for number, line in enumerate(text.splitlines(), 1)
        if (found := PATTERN.search(line)) and not (allowed and allowed.search(line))
    ]


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("Return of whom a hit was known.", True),
        ("The budget is a hard wall.", True),
        ("It measures wall time.", False),
        ("@dataclass(frozen=True, slots=True)", False),
        ("Return the identities that matched.", False),
    ],
)
def test_style_pattern_finds_what_it_should(line: str, *, is_found: bool) -> None:
    assert bool(PATTERN.search(line)) is is_found


def test_words_of_the_project_are_the_standard_terms() -> None:
    found = [one for name, text in texts() for one in findings(name, text)]
    assert not found, "\n".join(found[:50])


def test_style_exceptions_are_used() -> None:
    known = dict(texts())
    for name, (pattern, _) in EXCEPTIONS.items():
        lines = known[name].splitlines()
        assert any(PATTERN.search(line) and re.search(pattern, line) for line in lines), name
