"""Cells that are spelled plainly, brought to their canonical form by Arrow's kernels.

Nearly all cells of a list are plain ASCII, and a kernel needs a tenth of the time that Python does.
What a kernel decides is what `enrich_pandas.frame.identifiers.canonical` says, to the letter; where
it is in doubt it decides nothing, and never refuses. The patterns leave no choice at any character,
so that RE2 finds the parts of a match in one pass.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from email_validator import SPECIAL_USE_DOMAIN_NAMES

from enrich_pandas.frame.cells import MAX_TEXT, PLACEHOLDERS
from enrich_pandas.frame.internet import ATOM, MAX_EMAIL, MAX_LOCAL

TEXT = pa.large_string()
Cells: TypeAlias = pa.LargeStringArray
Kernel = Callable[[Cells], Cells]

# The hosts begin with what no other part of the pattern begins with: `li.linkedin.com` is in doubt.
_ADDRESS = (
    r"^ *(?:(?:https?:)?//)?(?:www\.|[a-gi-kn-vx-z][a-z]\.|m[a-z]?\.)?linkedin\.com/"
    r"(?P<path>(?:%s)/[a-z0-9_-]+)/?(?:[?#][a-z0-9_=&%%+/:-]*)? *$"
)
_EMAIL = rf"^ *(?P<local>{ATOM}(?:\.{ATOM})*)@(?P<domain>[A-Za-z0-9.-]+) *$"
_DOMAIN = r"^(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,63}$"
_ODD_DOMAIN = rf"[a-z0-9-]{{64}}|(?:^|\.)(?:{'|'.join(SPECIAL_USE_DOMAIN_NAMES)})$"
_WORDS = r"^%s[!-~]*(?: [!-~]+)*$"
_LONGEST_WORDS = 256


def plain(identifier: str, cells: Cells) -> Cells:
    """Return the canonical form of each cell that is spelled plainly, and null for any other.

    Costs 0.1-0.4 µs a cell.

    Examples
    --------
    >>> plain("email", pa.array(["Ada@EXAMPLE.com ", "ada@", "zoé@example.com"], TEXT)).to_pylist()
    ['Ada@example.com', None, None]
    """
    kernel = _KERNELS.get(identifier)
    if kernel is None:
        return pa.nulls(len(cells), TEXT)
    return _where(pc.less_equal(pc.binary_length(cells), MAX_TEXT), kernel(cells))


def _address(*sections: str) -> Kernel:
    pattern = _ADDRESS % "|".join(sections)
    nobody = [f"{section}/{word}" for section in sections for word in PLACEHOLDERS]

    def address(cells: Cells) -> Cells:
        path = pc.struct_field(pc.extract_regex(pc.ascii_lower(cells), pattern), "path")
        is_plain = pc.invert(
            pc.or_(
                pc.match_substring(cells, "/AC"),  # a member's URN, whose case matters
                pc.is_in(path, pa.array(nobody, TEXT)),
            )
        )
        return _where(is_plain, _joined("https://www.linkedin.com/", path))

    return address


def _email(cells: Cells) -> Cells:
    parts = pc.extract_regex(cells, _EMAIL)
    local, domain = (pc.struct_field(parts, name) for name in ("local", "domain"))
    domain = pc.ascii_lower(domain)
    address = _joined(local, "@", domain)
    is_short = pc.and_(
        pc.less_equal(pc.binary_length(local), MAX_LOCAL),
        pc.less_equal(pc.binary_length(address), MAX_EMAIL),
    )
    return _where(pc.and_(is_short, _is_domain(domain)), address)


def _is_domain(domains: Cells) -> pa.BooleanArray:
    """Tell plain domains; there are fewer than addresses."""
    encoded = domains.dictionary_encode()
    distinct = encoded.dictionary
    is_plain = pc.and_(
        pc.match_substring_regex(distinct, _DOMAIN),
        pc.invert(pc.match_substring_regex(distinct, _ODD_DOMAIN)),
    )
    return is_plain.take(encoded.indices)


def _words(first: str) -> Kernel:
    pattern = _WORDS % first

    def words(cells: Cells) -> Cells:
        text = pc.ascii_trim(cells, " ")
        is_nothing = pc.is_in(pc.ascii_lower(text), pa.array(sorted(PLACEHOLDERS), TEXT))
        is_short = pc.less_equal(pc.binary_length(text), _LONGEST_WORDS)
        is_plain = pc.and_(pc.match_substring_regex(text, pattern), is_short)
        return _where(pc.and_not(is_plain, is_nothing), text)

    return words


def _joined(*parts: "Cells | str") -> Cells:
    # The last one is what they are joined by.
    texts = [pa.scalar(part, TEXT) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*texts, pa.scalar("", TEXT))


def _where(is_plain: pa.BooleanArray, values: Cells) -> Cells:
    return pc.if_else(is_plain, values, pa.scalar(None, TEXT))


_KERNELS: Mapping[str, Kernel] = {
    "linkedin_url": _address("in"),
    "company_linkedin_url": _address("company", "school", "showcase"),
    "email": _email,
    "name": _words("[A-Za-z]"),
    "title": _words("[A-Za-z]"),
    "company": _words("[A-Za-z0-9]"),
}
