"""A table of your own as a provider: looked up, never sent."""

from enrich_pandas.directory.provider import Directory

__all__ = ["Directory"]
