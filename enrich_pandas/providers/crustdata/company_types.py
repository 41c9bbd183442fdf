"""Wire types that both generations of Crustdata's companies have in common."""

from enrich_pandas.providers.decoding import Fraction, Id, Whole, Wire

Number = Whole | Fraction | None  # amounts come as 141000000.0, too


class Naics(Wire):
    """Wire type: ``taxonomy.primary_naics_detail``."""

    naics_code: Id = None


class Sic(Wire):
    """Wire type: an element of ``taxonomy.sic_detail_list``."""

    sic_code: Id = None
