import pytest

from enrich_pandas.directory import Directory
from enrich_pandas.providers.base import Identity

LINKEDIN = "https://www.linkedin.com/in/"


@pytest.fixture(scope="session")
def look_up():
    """Look up one identity in a directory. ``crm`` is a frame, a path or a directory."""

    def look_up(crm, kind="people", **keys):
        directory = crm if isinstance(crm, Directory) else Directory(crm)
        (match,) = directory.matches(kind, [Identity.of(**keys)])
        return match

    return look_up
