"""The installed providers, and finding one by its name."""

from importlib.metadata import EntryPoint

import pytest

import enrich_pandas as ep
from enrich_pandas import providers
from enrich_pandas.errors import ConfigurationError, ProviderNotFoundError
from enrich_pandas.providers import find_provider, provider_classes, provider_rows


def test_rows_describe_the_built_in_providers():
    rows = {row.name: row for row in provider_rows()}
    assert {"amplemarket", "crustdata", "directory", "zoho"} <= set(rows)
    crustdata = rows["crustdata"]
    assert crustdata.kinds == ("people", "companies")
    assert crustdata.identifiers["people"] == ("linkedin_url", "email")
    assert crustdata.price == {"people": 1.0, "companies": 2.0}
    assert crustdata.credentials == {"api_key": "CRUSTDATA_API_KEY"}
    assert crustdata.defined == "enrich_pandas.providers.crustdata:Crustdata"
    assert rows["zoho"].price == {"people": 1.0, "companies": 1.0}


def test_a_provider_that_cannot_be_loaded_has_a_row(monkeypatch, caplog):
    broken = EntryPoint("broken", "no_such_module:Provider", providers.GROUP)
    other = EntryPoint("other", "builtins:dict", providers.GROUP)
    monkeypatch.setattr(providers, "_points", lambda: [broken, other])
    rows = provider_rows()
    assert [(row.name, row.kinds, row.price) for row in rows] == [
        ("broken", (), {}),
        ("other", (), {}),
    ]
    assert "'broken' was not loaded: ModuleNotFoundError" in caplog.text
    with pytest.raises(ConfigurationError, match="does not make a Provider"):
        find_provider("other")


def test_a_provider_is_found_by_name_or_returned():
    one = ep.Crustdata()
    assert find_provider(one) is one
    assert isinstance(find_provider("zoho"), ep.Zoho)
    assert provider_classes()["zoho"] == "enrich_pandas.providers.zoho:Zoho"


@pytest.mark.parametrize(
    ("value", "kind", "todo"),
    [
        ("crustdat", ProviderNotFoundError, "Did you mean 'crustdata'?"),
        ("beacon", ProviderNotFoundError, "The providers are: amplemarket"),
        (ep.Crustdata, ConfigurationError, "Pass an instance: Crustdata()."),
        ([["crustdata"]], ConfigurationError, "Do not nest lists of providers."),
        (3, ConfigurationError, "The providers are: amplemarket"),
    ],
)
def test_a_value_without_a_provider_says_what_to_type(value, kind, todo):
    with pytest.raises(kind) as caught:
        find_provider(value)
    assert todo in caught.value.todo
