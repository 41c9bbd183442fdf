"""The only package that sends HTTP requests.

`client` sends one request to one origin and returns what happened. `connection` bounds the call by
its deadline, `outcome` classifies the exchange, `redaction` removes credentials from what is kept.
"""

from enrich_pandas.transport.client import Exchange, Transport, serialize_request

__all__ = ["Exchange", "Transport", "serialize_request"]
