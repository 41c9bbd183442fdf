"""The whole contract."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import pytest

from enrich_pandas.testing.binding import BindingContract
from enrich_pandas.testing.damage import DamageContract
from enrich_pandas.testing.declaration import DeclarationContract
from enrich_pandas.testing.money import MoneyContract, SecrecyContract


class ProviderContract(
    DeclarationContract, MoneyContract, BindingContract, DamageContract, SecrecyContract
):
    """What holds for every provider. Subclass it in a test module, with a name in ``Test…``.

    Attributes
    ----------
    provider
        Yours, with any options. A class for each set of options that changes the requests.
    scenes
        At least one `Scene` for each kind.

    Notes
    -----
    Beside what its tests say, every conversation must return one match an identity. A test that
    has no meaning for a scene is skipped, with the reason. What the contract cannot know, such as
    what the vendor's prices are or whether each field lands in its column, is yours to test.

    Examples
    --------
    A vendor that takes a list of addresses and echoes each:

    >>> from enrich_pandas.providers.base import Identity, Request, Response
    >>> from enrich_pandas.testing import ProviderContract, Scene, reply
    >>> def answer(request: Request) -> Response:
    ...     known = {"ada@example.com": "Ada", "bo@example.com": "Bo"}
    ...     return reply([{"email": one, "name": known.get(one)} for one in request.json["emails"]])
    >>> ada, bo, cy = (Identity.of(email=f"{name}@example.com") for name in ("ada", "bo", "cy"))
    >>> people = Scene(kind="people", hits=[ada, bo], misses=[cy], answer=answer, elements="")

    And then, in a test module of yours::

        class TestAcme(ProviderContract):
            provider = Acme()
            scenes = [people]
    """


# -- The contract outside pytest: in a notebook, or while a provider grows -----------------------


def violations(contract: type[ProviderContract]) -> dict[str, str]:
    """Run a contract, and return what is against it; nothing is a provider that keeps it.

    Parameters
    ----------
    contract
        Yours, with its ``provider`` and its ``scenes``: the same class that pytest runs.

    Returns
    -------
    dict of str to str
        The first message of each test that fails, by the test's name without ``test_``. What a
        scene's ``answer`` or the provider raises is a message, too.

    Examples
    --------
    >>> from enrich_pandas.providers.crustdata import Crustdata
    >>> class TestCrustdata(ProviderContract):
    ...     provider = Crustdata()
    >>> violations(TestCrustdata)["it_has_a_scene"]
    '`scenes` has none of people.'
    """
    found: dict[str, str] = {}
    for name, test in inspect.getmembers(contract(), inspect.ismethod):
        if name.startswith("test_"):
            calls = _arguments(test, contract)
            first = next(filter(None, (_message(test, values) for values in calls)), None)
            if first is not None:
                found[name.removeprefix("test_")] = first
    return found


def _message(test: Callable[..., None], values: dict[str, Any]) -> str | None:
    try:
        test(**values)
    except pytest.skip.Exception:
        return None
    except pytest.fail.Exception as failure:
        return str(failure)
    except Exception as error:  # noqa: BLE001 - whatever it is, the author should read it
        return f"{type(error).__name__}: {error}"
    return None


def _arguments(
    test: Callable[..., None], contract: type[ProviderContract]
) -> Iterator[dict[str, Any]]:
    """Yield what pytest would call a test with."""
    choices: dict[str, Sequence[Any]] = {
        "scene": contract.scenes,
        "kind": contract.provider.kinds,
    }
    for mark in getattr(test, "pytestmark", ()):
        name, values = mark.args
        choices[name] = values
    names = list(inspect.signature(test).parameters)
    for values in product(*(choices[name] for name in names)):
        yield dict(zip(names, values, strict=True))
