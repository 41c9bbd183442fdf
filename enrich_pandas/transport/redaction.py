"""Redaction of credentials in everything that is stored, by their name and by their value.

Values under the name of a credential are masked in URLs, headers and bodies, of requests and of
answers. Only these bytes are replaced; everything else stays as it came, even in a broken or
truncated body.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

MASK = "***"
MIN_SECRET_LENGTH = 8  # characters; a shorter value could occur in any text

SECRET_NAMES = (
    *("access_token", "accesstoken", "api_key", "apikey", "auth_token", "authorization"),
    *("bearer", "client_id", "client_secret", "cookie", "id_token", "jwt", "password"),
    *("private_key", "proxy_authorization", "refresh_token", "secret", "session_token"),
    *("set_cookie", "token", "x_api_key", "x_auth_token"),
)
# Headers of a connection, an encoding or a moment, which do not describe the answer.
VOLATILE_HEADERS = (
    *("accept_ranges", "age", "alt_svc", "cf_cache_status", "cf_ray", "connection"),
    *("content_encoding", "content_length", "etag", "keep_alive", "nel", "report_to", "server"),
    *("server_timing", "trailer", "transfer_encoding", "via", "x_amz_cf_id", "x_cache"),
    *("x_ratelimit_limit", "x_ratelimit_remaining", "x_request_id", "x_runtime"),
)

_IN_JSON = re.compile(
    rb'("(?:'
    + "|".join(SECRET_NAMES).replace("_", "[-_]?").encode()
    + rb')"\s*:\s*")(?:[^"\\]|\\.)*"?',
    re.IGNORECASE | re.DOTALL,
)


def is_secret(name: str) -> bool:
    """Return whether a header, parameter or field with this name is a credential.

    Examples
    --------
    >>> is_secret("X-API-Key"), is_secret("x-credits-used")
    (True, False)
    """
    return name.lower().replace("-", "_") in SECRET_NAMES


def recorded_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that a cassette keeps, with names in lower case."""
    return {
        name.lower(): value
        for name, value in sorted(headers.items())
        if not is_secret(name) and name.lower().replace("-", "_") not in VOLATILE_HEADERS
    }


def redact_url(uri: str) -> str:
    """Mask the credentials in a URL.

    Examples
    --------
    >>> redact_url("https://api.example.com/find?email=ada@example.com&api_key=abc")
    'https://api.example.com/find?email=ada@example.com&api_key=***'
    """
    parts = urlsplit(uri)
    fields = [one.split("=", 1) for one in parts.query.split("&")] if parts.query else []
    shown = [
        "=".join([one[0], MASK]) if len(one) > 1 and is_secret(one[0]) else "=".join(one)
        for one in fields
    ]
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=place, query="&".join(shown)))


def redact_body(text: bytes) -> bytes:
    """Mask the values under the name of a credential, in JSON or in a form.

    Examples
    --------
    >>> redact_body(b'{"access_token": "abc", "name": "Ada"}')
    b'{"access_token": "***", "name": "Ada"}'
    >>> redact_body(b"grant_type=refresh_token&client_secret=abc")
    b'grant_type=refresh_token&client_secret=***'
    """
    if text[:1] not in (b"{", b"[") and re.fullmatch(rb"[\w.%+*~-]+=[^\s{}<>]*", text):
        fields = parse_qsl(text.decode("latin-1"), keep_blank_values=True)
        shown = [(name, MASK if is_secret(name) else value) for name, value in fields]
        return urlencode(shown, safe="*").encode()
    return _IN_JSON.sub(rb'\1***"', text)


def redact_values(text: bytes, secrets: Iterable[str]) -> bytes:
    """Mask credentials by their value: literal, percent-encoded, or escaped in JSON.

    Examples
    --------
    >>> redact_values(b'{"you sent": "Bearer abc/defghi"}', ["abc/defghi"])
    b'{"you sent": "Bearer ***"}'
    """
    for secret in secrets:
        for spelling in {secret, quote(secret, safe=""), secret.replace("/", r"\/")}:
            if len(secret) >= MIN_SECRET_LENGTH and (found := spelling.encode()) in text:
                text = text.replace(found, MASK.encode())
    return text
