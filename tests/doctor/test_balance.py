import pytest

import enrich_pandas as ep
from enrich_pandas.doctor.balance import balance_of, credits_in
from enrich_pandas.providers.base import Response

QUOTA = (
    b'{"__features": [{"api_name": "data_enrichment", "details": {'
    b'"available_count": {"total": %s}, "used_count": {"total": 3}}}]}'
)


def read(provider, body, status=200):
    return credits_in(balance_of(provider), Response(status=status, body=body))


def test_each_generation_of_crustdata_has_its_own_address():
    assert balance_of(ep.Crustdata()).request.path == "/account/credits"
    assert balance_of(ep.Crustdata()).request.headers == {"x-api-version": "2025-11-01"}
    assert balance_of(ep.Crustdata(api="screener")).request.path == "/user/credits"


def test_zoho_tells_a_quota():
    path = "/crm/v7/__features/data_enrichment"
    assert balance_of(ep.Zoho(version="v7")).request.path == path
    assert read(ep.Zoho(), QUOTA % b"997") == 997.0
    assert read(ep.Zoho(), QUOTA % b'"997"') == 997.0


def test_a_vendor_that_documents_no_balance_has_none():
    assert balance_of(ep.Amplemarket()) is None


def test_asking_for_a_balance_is_never_billed():
    assert not any(balance_of(one).request.billed for one in (ep.Crustdata(), ep.Zoho()))


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"credits": null}', b'{"credits": true}', b'{"credits": "5"}', b"{"],
)
def test_what_is_no_balance_is_none(body):
    assert read(ep.Crustdata(), body) is None


@pytest.mark.parametrize(
    "body",
    [b'{"__features": []}', b'{"__features": [{}]}', b'{"__features": {}}', QUOTA % b'"many"'],
)
def test_a_quota_of_another_shape_is_none(body):
    assert read(ep.Zoho(), body) is None


def test_a_refusal_is_no_balance():
    assert read(ep.Crustdata(), b'{"credits": 5}', status=404) is None
    assert read(ep.Crustdata(), b'{"credits": 5}') == 5.0
