"""Names in English letters: what Zoho takes, and what a name becomes if the user wants that."""

import unicodedata

# Latin letters that are more than an English one and a mark; ä, é, ñ and the like are taken apart.
_APART = dict(zip("ßẞÆæŒœÞþ", ("ss", "SS", "AE", "ae", "OE", "oe", "Th", "th"), strict=True))
_BARE = dict(zip("ØøĐđÐðĦħŁłŦŧ\u0131\u2018\u2019", "OoDdDdHhLlTti''", strict=True))
_LETTERS = str.maketrans(_APART | _BARE)


def is_english(value: str) -> bool:
    """Tell whether Zoho takes the letters of a value.

    Examples
    --------
    >>> is_english("O'Neil"), is_english("Müller")
    (True, False)
    """
    return value.isascii() and value.isprintable()


def in_english(value: str) -> str:
    """Write Latin letters without their marks; those of other alphabets stay as they are.

    Examples
    --------
    >>> in_english("Žižek"), in_english("Strauß"), in_english("山田")
    ('Zizek', 'Strauss', '山田')
    """
    apart = unicodedata.normalize("NFD", value.translate(_LETTERS))
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare if is_english(bare) else value
