"""Names that are nearly the same, by RapidFuzz, among rows of like-named companies only.

Normalising takes case, accents, punctuation and legal forms (Inc, GmbH, …) out of the way.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.directory.table import TEXT
from enrich_pandas.errors import ConfigurationError

LEGAL_FORMS = (
    *("inc", "incorporated", "corp", "corporation", "co", "company", "llc", "llp", "lp", "plc"),
    *("ltd", "limited", "gmbh", "mbh", "ag", "kg", "kgaa", "ohg", "ug", "se", "sa", "sas", "sarl"),
    *("srl", "spa", "sl", "slu", "bv", "nv", "ab", "as", "aps", "oy", "oyj", "pty", "pte", "kk"),
    *("sro", "doo", "kft", "zrt", "ltda", "holding", "holdings", "group", "the"),
)
# Letters that are no letter and accent.
SPELLED = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
PREFIX = 3


class NearRow(NamedTuple):
    """A row that is near, with its score from 0 to 100."""

    row: int
    score: float


def check_installed() -> None:
    """Raise where RapidFuzz is not installed.

    Raises
    ------
    ConfigurationError
        It is not; the message says what to type.
    """
    try:
        import rapidfuzz  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "fuzzy=True needs RapidFuzz.",
            cost="Nothing was spent.",
            todo="Type: pip install 'enrich-pandas[fuzzy]'.",
        ) from None


def normalize_names(cells: Any) -> Any:
    """Bring an array of names to bare lower-case words.

    Examples
    --------
    >>> plain_words(pa.array(["Zoë  O'Example"], TEXT)).to_pylist()
    ['zoe o example']
    """
    cells = pc.utf8_normalize(pc.utf8_lower(cells), "NFKD")
    for letter, spelled in SPELLED.items():
        cells = pc.replace_substring(cells, letter, spelled)
    cells = pc.replace_substring_regex(cells, r"\p{M}+", "")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(cells, r"[^\p{L}\p{N}]+", " "))


def normalize_companies(cells: Any) -> Any:
    """Bring an array of companies to bare words, less the legal form.

    Examples
    --------
    >>> company_words(
    ...     pa.array(["The Exämple Co. KG", "Group AG", "S.A.R.L. Example"], TEXT)
    ... ).to_pylist()
    ['example', 'group ag', 'example']
    """
    # Dotted forms are joined first: S.A.R.L. is one word.
    joined = pc.replace_substring_regex(pc.cast(cells, TEXT), r"\b(\p{L})\.", r"\1")
    words = normalize_names(joined)
    forms = "|".join(LEGAL_FORMS)
    bare = pc.replace_substring_regex(words, rf"\b(?:{forms})\b", "")
    bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(bare, r" +", " "))
    return pc.if_else(pc.equal(bare, ""), words, bare)  # a company that is called Group


class FuzzyIndex:
    """Rows to compare with, by company.

    Distinct companies are compared first, and the people of those that are near alone.

    Parameters
    ----------
    companies
        The companies' names, or None.
    names
        The people's names; None to compare companies only.
    domains
        The rows' domains, as far as they are known: the same domain is the same company.
    entries
        One flag a row; the others are left out. None for all.
    """

    def __init__(self, companies: Any, names: Any, domains: Any, entries: Any = None) -> None:
        check_installed()
        self._names = None if names is None else normalize_names(names)
        self._companies = None if companies is None else CompanyBlocks(_only(entries, companies))
        self._domains = None if domains is None else _only(entries, domains)

    def near(
        self, wanted: Sequence[Mapping[str, str]], threshold: float
    ) -> Iterator[list[NearRow]]:
        """Yield, for each that is wanted, the rows at or above the threshold.

        Each has ``company`` or ``domain``, and ``name`` where people are compared. The score is
        the worse of name and company, so that both must be near.
        """
        names = normalize_names(_texts(wanted, "name")).to_pylist()
        companies = normalize_companies(_texts(wanted, "company")).to_pylist()
        domains = [one.get("domain") for one in wanted]
        by_domain = self._by_domain(sorted({domain for domain in domains if domain}))
        for name, company, domain in zip(names, companies, domains, strict=True):
            scores = dict.fromkeys(by_domain.get(domain or "", _NONE).tolist(), 100.0)
            if company and self._companies is not None:
                for row, score in self._companies.near(company, threshold):
                    scores.setdefault(row, score)
            yield self._with_names(name, scores, threshold)

    def _with_names(
        self, name: str | None, scores: Mapping[int, float], threshold: float
    ) -> list[NearRow]:
        rows = list(scores)
        if self._names is None or not rows:
            return [NearRow(row, score) for row, score in scores.items()]
        cells = self._names.take(pa.array(rows, pa.int64())).to_pylist()
        found = _ratios(_sorted(name or ""), [_sorted(cell or "") for cell in cells], threshold)
        return [
            NearRow(row, min(score, scores[row]))
            for row, score in zip(rows, found.tolist(), strict=True)
            if name and score >= threshold
        ]

    def _by_domain(self, wanted: Sequence[str]) -> dict[str, Any]:
        """Collect the rows of the domains that are wanted, and of no others."""
        if self._domains is None:
            return {}
        at = pc.index_in(self._domains, value_set=pa.array(wanted, TEXT), skip_nulls=True)
        rows = np.flatnonzero(np.asarray(at.is_valid()))
        places = np.asarray(at.take(pa.array(rows)))
        return {wanted[place]: rows[some] for place, some in _grouped(places).items()}


class CompanyBlocks:
    """The distinct companies, in blocks of the same first letters, each with its rows."""

    def __init__(self, companies: Any) -> None:
        spelled = companies.dictionary_encode()
        words = normalize_companies(spelled.dictionary).dictionary_encode()
        codes = words.indices.take(spelled.indices)
        self._rows = np.flatnonzero(np.asarray(codes.is_valid()))
        codes = np.asarray(codes.drop_null(), dtype=np.int64)
        order = np.argsort(codes, kind="stable")
        self._rows = self._rows[order]
        self._starts = np.searchsorted(codes[order], np.arange(len(words.dictionary) + 1))
        self._words = words.dictionary
        prefixes = pc.utf8_slice_codeunits(self._words, 0, PREFIX).dictionary_encode()
        blocks = _grouped(np.asarray(prefixes.indices))
        self._blocks = {
            prefix: blocks[place] for place, prefix in enumerate(prefixes.dictionary.to_pylist())
        }
        self._choices: dict[str, list[str]] = {}

    def near(self, company: str, threshold: float) -> Iterator[tuple[int, float]]:
        """Yield the rows of each company that is near, with the score."""
        prefix = company[:PREFIX]
        codes = self._blocks.get(prefix)
        if codes is None:
            return
        if prefix not in self._choices:  # most blocks are never asked for
            cells = self._words.take(pa.array(codes)).to_pylist()
            self._choices[prefix] = [_sorted(cell) for cell in cells]
        scores = _ratios(_sorted(company), self._choices[prefix], threshold)
        for at in np.flatnonzero(scores >= threshold).tolist():
            for row in self._rows[self._starts[codes[at]] : self._starts[codes[at] + 1]].tolist():
                yield row, float(scores[at])


_NONE = np.empty(0, dtype=np.int64)


def _ratios(text: str, choices: Sequence[str], threshold: float) -> Any:
    """Compare a text with others; below the threshold it is 0."""
    from rapidfuzz import fuzz, process

    scores = process.cdist(
        [text], choices, scorer=fuzz.ratio, score_cutoff=threshold, dtype=np.float64
    )
    return np.asarray(scores)[0]


def _sorted(text: str) -> str:
    """Put words in order: ``Example, Ada`` is ``Ada Example``."""
    return " ".join(sorted(text.split()))


def _grouped(codes: Any) -> dict[int, Any]:
    """Return the places of each code."""
    order = np.argsort(codes, kind="stable")
    distinct, starts = np.unique(codes[order], return_index=True)
    return dict(zip(distinct.tolist(), np.split(order, starts[1:]), strict=False))


def _texts(wanted: Sequence[Mapping[str, str]], key: str) -> Any:
    return pa.array([one.get(key) for one in wanted], TEXT)


def _only(entries: Any, cells: Any) -> Any:
    return cells if entries is None else pc.if_else(entries, cells, pa.scalar(None, TEXT))
