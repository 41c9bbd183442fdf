"""The command line: ``enrich-pandas``. Its words are the accessor's."""

from enrich_pandas.cli import enrich, history, maintenance, people, trying
from enrich_pandas.cli.application import app

__all__ = ["app", "checking", "enriching", "past", "people", "trying"]
