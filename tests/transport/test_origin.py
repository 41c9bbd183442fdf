import string

import pytest
from hypothesis import given, strategies as st
from urllib3.util import parse_url

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.transport.client import check_path, normalize_origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://api.example.com",
        "https://api.example.com:8443",
        "https://192.0.2.1",
        "https://[2001:db8::1]:8443",
        "https://xn--mnchen-3ya.example",
        "http://127.0.0.1:8000",
        "http://127.8.9.1:8000",
        "http://[::1]:8000",
        "http://localhost:8000",
    ],
)
def test_https_and_loopback_http_are_valid_origins(origin: str) -> None:
    assert normalize_origin(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        "http://api.example.com",
        "http://192.0.2.1",
        "http://169.254.169.254",
        "http://0.0.0.0",
        "http://[::]",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://2130706433",
        "http://127.1",
        "http://0x7f.0.0.1",
    ],
)
def test_plain_http_to_other_machines_is_refused(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="Plain http"):
        normalize_origin(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "api.example.com",
        "//api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "https:api.example.com",
        "https://",
        "https:///",
        "https://api.example.com/",
        "https://api.example.com/v1",
        "https://api.example.com?key=1",
        "https://api.example.com#top",
        "https://user@api.example.com",
        "https://user:key@api.example.com",
        "https://api.example.com@evil.example",
        "https://api.example.com\\@evil.example",
        "https://api.example.com.",
        "https://api..example.com",
        "https://api.example.com:",
        "https://api.example.com:0",
        "https://api.example.com:65536",
        "https://api.example.com:http",
        "https://api.example.com\r\nHost: evil.example",
        "https://api.example.com\n",
        " https://api.example.com",
        "https://api.exämple.com",
        "https://api%2eexample.com",
    ],
)
def test_invalid_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="not a scheme"):
        normalize_origin(origin)


@pytest.mark.parametrize(
    "path", ["/", "/screener/person/enrich", "/people/1.5", "/a/b%20c", "/@me/a:b;c=d,e"]
)
def test_plain_path_is_accepted(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "people",
        "//evil.example/people",
        "///evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "https://evil.example/people",
        "https:evil.example",
        "file:/etc/passwd",
        "@evil.example/",
        ".evil.example/",
        ":80@evil.example/",
        "/../admin",
        "/people/../../admin",
        "/people/..",
        "/people/%2e%2e/admin",
        "/people/.%2E/admin",
        "/people?key=1",
        "/people#top",
        "/people\r\nHost: evil.example",
        "/people\nX: y",
        "/people one",
        "/people\t",
        "/people\x00",
        "/people\x7f",
        "/péople",
        "/people\u2028",
    ],
)
def test_path_that_leaves_the_origin_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match="not a plain path") as refusal:
        check_path(path)
    assert "evil" not in str(refusal.value)


@given(st.text(alphabet=string.printable + "/\\.@:%é", max_size=30))
def test_accepted_path_stays_at_the_origin(path: str) -> None:
    try:
        url = parse_url("https://api.example.com" + check_path(path))
    except ConfigurationError:
        return
    assert (url.scheme, url.host, url.port, url.auth) == ("https", "api.example.com", None, None)
    assert url.query is None
    assert url.fragment is None
