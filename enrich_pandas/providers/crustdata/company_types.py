"""Wire types that both generations of Crustdata's companies have in common."""

import msgspec

from enrich_pandas.providers.decoding import Id

Number = int | float | None  # amounts come as 141000000.0, too


class Naics(msgspec.Struct):
    """Wire type: ``taxonomy.primary_naics_detail``."""

    naics_code: Id = None


class Sic(msgspec.Struct):
    """Wire type: an element of ``taxonomy.sic_detail_list``."""

    sic_code: Id = None
