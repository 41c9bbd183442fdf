import os
from pathlib import Path

import keyring
import pandas as pd
import pytest
from keyring.errors import NoKeyringError

import enrich_pandas as ep
from enrich_pandas.engine import credentials
from enrich_pandas.engine.context import Environment
from enrich_pandas.engine.credentials import find_secret, find_secrets

LIVE = Environment()
VARIABLE = "CRUSTDATA_API_KEY"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """Start without any credential."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(keyring, "get_password", lambda _service, _name: None)


def place(provider=None):
    found = find_secret(provider or ep.Crustdata(), "api_key", LIVE)
    return found and (found.place, found.secret.reveal())


def kept(service, name):
    return "of-the-ring" if (service, name) == ("enrich-pandas:crustdata", "api_key") else None


def test_credential_comes_from_the_first_source(monkeypatch):
    assert place() is None
    Path(".env").write_text(f"{VARIABLE}=of-the-file\n")
    assert place() == (".env", "of-the-file")
    monkeypatch.setattr(keyring, "get_password", kept)
    assert place() == ("keyring", "of-the-ring")
    monkeypatch.setenv(VARIABLE, "of-the-environment")
    assert place() == ("environment", "of-the-environment")
    assert place(ep.Crustdata(api_key="given")) == ("argument", "given")


def test_empty_credential_counts_as_missing(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")
    Path(".env").write_text(f"{VARIABLE}=\n")
    assert place() is None


def test_missing_keyring_is_skipped(monkeypatch):
    def none(_service, _name):
        raise NoKeyringError

    monkeypatch.setattr(keyring, "get_password", none)
    Path(".env").write_text(f"{VARIABLE}=of-the-file\n")
    assert place() == (".env", "of-the-file")


def test_dotenv_is_read_verbatim_without_side_effects():
    Path(".env").write_text(f"{VARIABLE}='a${{HOME}}b'\nOTHER=1\n")
    assert place() == (".env", "a${HOME}b")
    assert "OTHER" not in os.environ


def test_dotenv_in_parent_folder_is_ignored(monkeypatch, tmp_path):
    Path(".env").write_text(f"{VARIABLE}=of-the-folder-above\n")
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert place() is None


def test_missing_credential_names_the_sources():
    with pytest.raises(ep.CredentialError) as caught:
        find_secrets(ep.Crustdata(), LIVE)
    said = str(caught.value)
    for word in ("as an argument", VARIABLE, "in the keyring", ".env (there is none here)"):
        assert word in said


def test_missing_credential_names_optional_packages(monkeypatch):
    monkeypatch.setattr(credentials, "_installed", lambda _package: False)
    Path(".env").write_text(f"{VARIABLE}=of-the-file\n")
    with pytest.raises(ep.CredentialError, match=r"not installed.*needs python-dotenv"):
        find_secrets(ep.Crustdata(), LIVE)


def test_missing_cryptography_names_the_extra_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(credentials, "_installed", lambda package: package != "cryptography")
    with ep.sandbox(journal=tmp_path / "journal.sqlite") as box:
        leads = pd.DataFrame({"LinkedIn": ["linkedin.com/in/ada-example"]})
        with pytest.raises(ep.ConfigurationError, match=r"pip install \"enrich-pandas\[zoho\]\""):
            leads.enrich.people("zoho", progress=None)
        assert box.requests.empty
        assert set(leads.enrich.people("crustdata", progress=None)["person_status"])
