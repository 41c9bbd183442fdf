"""The whole contract, for pytest and for notebooks."""

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
    """The tests that every provider must pass.

    Subclass it in a test module, under a name that starts with ``Test``. Each test's docstring
    states a rule, and its message names what to change.

    Attributes
    ----------
    provider : Provider
        Your provider. Write one class for each set of options that changes the requests.
    scenes : sequence of Scene
        At least one scene for each kind.

    Notes
    -----
    Every flow must return one match per identity. A test that does not apply to a scene is skipped
    with the reason. The contract does not know the vendor's prices, or the column of each field:
    test these yourself.

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

    Then, in your test module::

        class TestAcme(ProviderContract):
            provider = Acme()
            scenes = [people]
    """


def violations(contract: type[ProviderContract]) -> dict[str, str]:
    """Run a contract without pytest, and return the failures.

    Parameters
    ----------
    contract : type of ProviderContract
        The class that pytest would run, with its ``provider`` and ``scenes``.

    Returns
    -------
    dict of str to str
        The name of each failed test without ``test_``, and its first message. The dict is empty if
        the provider passes. An exception of the provider or a scene's ``answer`` is a message, too.

    Examples
    --------
    >>> from enrich_pandas.providers.crustdata import Crustdata
    >>> class TestCrustdata(ProviderContract):
    ...     provider = Crustdata()
    >>> violations(TestCrustdata)["every_kind_has_a_scene"]
    '`scenes` has none for people.'
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
    except Exception as error:  # noqa: BLE001 - the author reads any exception as a message
        return f"{type(error).__name__}: {error}"
    return None


def _arguments(
    test: Callable[..., None], contract: type[ProviderContract]
) -> Iterator[dict[str, Any]]:
    """Yield the arguments with which pytest would call a test."""
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
