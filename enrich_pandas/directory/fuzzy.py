"""Search for similar names with RapidFuzz, among rows with similar companies only.

Names are compared without case, accents, punctuation and legal forms (Inc, GmbH, …).
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
# Letters that do not decompose to a letter and an accent.
SPELLED = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
PREFIX = 3


class NearRow(NamedTuple):
    """A similar row, with its score from 0 to 100."""

    row: int
    score: float


def check_installed() -> None:
    """Raise an error if RapidFuzz is not installed.

    Raises
    ------
    ConfigurationError
        RapidFuzz is not installed.
    """
    try:
        import rapidfuzz  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "fuzzy=True needs RapidFuzz.",
            todo="Run: pip install 'enrich-pandas[fuzzy]'.",
        ) from None


def normalize_names(cells: Any) -> Any:
    """Reduce an array of names to lower-case words without accents and punctuation.

    Examples
    --------
    >>> normalize_names(pa.array(["Zoë  O'Example"], TEXT)).to_pylist()
    ['zoe o example']
    """
    cells = pc.utf8_normalize(pc.utf8_lower(cells), "NFKD")
    for letter, spelled in SPELLED.items():
        cells = pc.replace_substring(cells, letter, spelled)
    cells = pc.replace_substring_regex(cells, r"\p{M}+", "")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(cells, r"[^\p{L}\p{N}]+", " "))


def normalize_companies(cells: Any) -> Any:
    """Reduce an array of companies to lower-case words without the legal form.

    Examples
    --------
    >>> normalize_companies(
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
    return pc.if_else(pc.equal(bare, ""), words, bare)  # a company may be called Group


class FuzzyIndex:
    """The rows of a directory, to search by similar names.

    Distinct companies are compared first. Then only the people of similar companies are compared.

    Parameters
    ----------
    companies : Arrow array of text, optional
        The company of each row.
    names : Arrow array of text, optional
        The person of each row. None to compare companies only.
    domains : Arrow array of text, optional
        The domain of each row. Rows with the requested domain have the requested company.
    entries : Arrow array of bool, optional
        Whether to include each row. None for all rows.
    """

    def __init__(self, companies: Any, names: Any, domains: Any, entries: Any = None) -> None:
        check_installed()
        self._names = None if names is None else normalize_names(names)
        self._companies = None if companies is None else CompanyBlocks(_select(entries, companies))
        self._domains = None if domains is None else _select(entries, domains)

    def near(
        self, wanted: Sequence[Mapping[str, str]], threshold: float
    ) -> Iterator[list[NearRow]]:
        """Yield the rows at or above the threshold for each of the ``wanted`` identities.

        Each identity has ``company`` or ``domain``, and ``name`` if people are compared. The score
        is the lower one of name and company, so that both must be similar.
        """
        names = normalize_names(_texts(wanted, "name")).to_pylist()
        companies = normalize_companies(_texts(wanted, "company")).to_pylist()
        domains = [one.get("domain") for one in wanted]
        by_domain = self._by_domain(sorted({domain for domain in domains if domain}))
        for name, company, domain in zip(names, companies, domains, strict=True):
            scores = dict.fromkeys(by_domain.get(domain or "", _NO_ROWS).tolist(), 100.0)
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
        found = _scores(
            _sort_words(name or ""), [_sort_words(cell or "") for cell in cells], threshold
        )
        return [
            NearRow(row, min(score, scores[row]))
            for row, score in zip(rows, found.tolist(), strict=True)
            if name and score >= threshold
        ]

    def _by_domain(self, wanted: Sequence[str]) -> dict[str, Any]:
        """Return the rows of each wanted domain."""
        if self._domains is None:
            return {}
        at = pc.index_in(self._domains, value_set=pa.array(wanted, TEXT), skip_nulls=True)
        rows = np.flatnonzero(np.asarray(at.is_valid()))
        places = np.asarray(at.take(pa.array(rows)))
        return {wanted[place]: rows[some] for place, some in _group_places(places).items()}


class CompanyBlocks:
    """The distinct companies with their rows, in blocks with the same first letters."""

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
        blocks = _group_places(np.asarray(prefixes.indices))
        self._blocks = {
            prefix: blocks[place] for place, prefix in enumerate(prefixes.dictionary.to_pylist())
        }
        self._choices: dict[str, list[str]] = {}

    def near(self, company: str, threshold: float) -> Iterator[tuple[int, float]]:
        """Yield the rows of each similar company, with the score."""
        prefix = company[:PREFIX]
        codes = self._blocks.get(prefix)
        if codes is None:
            return
        if prefix not in self._choices:  # most blocks are never needed
            cells = self._words.take(pa.array(codes)).to_pylist()
            self._choices[prefix] = [_sort_words(cell) for cell in cells]
        scores = _scores(_sort_words(company), self._choices[prefix], threshold)
        for at in np.flatnonzero(scores >= threshold).tolist():
            for row in self._rows[self._starts[codes[at]] : self._starts[codes[at] + 1]].tolist():
                yield row, float(scores[at])


_NO_ROWS = np.empty(0, dtype=np.int64)


def _scores(text: str, choices: Sequence[str], threshold: float) -> Any:
    """Return the score of a text with each of the choices, or 0 if it is below the threshold."""
    from rapidfuzz import fuzz, process

    scores = process.cdist(
        [text], choices, scorer=fuzz.ratio, score_cutoff=threshold, dtype=np.float64
    )
    return np.asarray(scores)[0]


def _sort_words(text: str) -> str:
    """Sort the words of a text, so that ``Example Ada`` equals ``Ada Example``."""
    return " ".join(sorted(text.split()))


def _group_places(codes: Any) -> dict[int, Any]:
    """Return the positions of each code."""
    order = np.argsort(codes, kind="stable")
    distinct, starts = np.unique(codes[order], return_index=True)
    return dict(zip(distinct.tolist(), np.split(order, starts[1:]), strict=False))


def _texts(wanted: Sequence[Mapping[str, str]], key: str) -> Any:
    return pa.array([one.get(key) for one in wanted], TEXT)


def _select(entries: Any, cells: Any) -> Any:
    return cells if entries is None else pc.if_else(entries, cells, pa.scalar(None, TEXT))
