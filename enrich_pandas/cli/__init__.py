"""The command line, ``enrich-pandas``: the calls of the accessor over files."""

from enrich_pandas.cli import enrich, history, maintenance
from enrich_pandas.cli.parameters import app

__all__ = ["app", "enrich", "history", "maintenance"]
