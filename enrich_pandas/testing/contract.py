"""The whole contract, for pytest and for notebooks."""

import inspect
import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import msgspec
import pytest

from enrich_pandas.providers.base import Identity, Kind, RateLimit
from enrich_pandas.testing.basis import FEWEST_HITS, Contract, Scene, expect
from enrich_pandas.testing.binding import BindingContract
from enrich_pandas.testing.damage import DamageContract
from enrich_pandas.testing.money import MoneyContract, SecrecyContract

# -- The contract for the declarations of a provider: name, kinds, identifiers and limits --------

# The identifiers that the library reads from rows. A provider cannot add one.
IDENTIFIERS = frozenset(
    {
        "linkedin_url",
        "email",
        "domain",
        "email_domain",
        "company_linkedin_url",
        "name",
        "title",
        "company",
        "facebook_url",
        "twitter_url",
    }
)


class DeclarationContract(Contract):
    """Name, kinds, identifiers, limits, options and batches."""

    def test_name_is_short_and_lower_case(self) -> None:
        """`name` is short and in lower case, because users type it."""
        name = self.provider.name
        expect(
            re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name),
            f"`name` must have lower-case letters, digits, - and _ only. It is {name!r}.",
        )

    def test_kinds_are_people_or_companies(self) -> None:
        """`kinds` names people, companies or both."""
        kinds = self.provider.kinds
        expect(
            kinds and set(kinds) <= {"people", "companies"} and len(set(kinds)) == len(kinds),
            f'`kinds` must be "people", "companies" or both, each once. It is {kinds!r}.',
        )

    def test_identifiers_are_known(self, kind: Kind) -> None:
        """Each kind has identifiers, and the library knows them."""
        names = self.provider.identifiers.get(kind, ())
        expect(names, f"`identifiers` has none for {kind}.")
        unknown = sorted(set(names) - IDENTIFIERS)
        expect(
            not unknown,
            f"`identifiers` of {kind} has {unknown}. Use some of {sorted(IDENTIFIERS)}.",
        )

    def test_remote_provider_names_its_documents(self) -> None:
        """A provider with an origin or a credential has the address of its documents and keys."""
        provider = self.provider
        is_remote = bool(provider.origin or provider.credentials)
        expect(
            not is_remote or provider.docs_url.startswith("https://"),
            "`docs_url` must be the https address of the vendor's documents.",
        )
        expect(
            not provider.credentials or provider.keys_url or provider.docs_url,
            "`keys_url` must be the address where users get a key: messages name it.",
        )

    def test_origin_is_scheme_and_host(self) -> None:
        """`origin` is https and a host: the credential goes there, so never unencrypted."""
        origin = self.provider.origin
        expect(
            not origin or re.fullmatch(r"https://[\w.-]+(:\d+)?", origin),
            f"`origin` must be like https://api.example.com, without a path. It is {origin!r}.",
        )

    def test_limits_are_positive(self) -> None:
        """The batch size, the connections and the rate limit are positive."""
        provider = self.provider
        rate: object = provider.rate_limit
        expect(provider.batch_size >= 1, "`batch_size` must be 1 or more.")
        expect(provider.connections >= 1, "`connections` must be 1 or more.")
        expect(
            rate is None
            or (isinstance(rate, RateLimit) and rate.requests >= 1 and 0 < rate.seconds < math.inf),
            f"`rate_limit` must be RateLimit(requests, seconds), both positive. It is {rate!r}.",
        )

    def test_balance_request_is_free(self) -> None:
        """The request for the balance is free, because it precedes all charges."""
        request = self.provider.balance_request()
        expect(
            request is None or not (request.billed or request.credits or request.identities),
            "`balance_request` must not be billed, and must have no credits and no identities.",
        )

    def test_billed_options_are_stable_and_serializable(self, kind: Kind) -> None:
        """`billed_options` has JSON values and never changes: it is part of a fingerprint."""
        first, second = (
            msgspec.json.encode(sorted(self.provider.billed_options(kind).items())) for _ in "12"
        )
        expect(first == second, "`billed_options` must return the same for the same options.")
        version: object = self.provider.version
        expect(
            isinstance(version, str) and version,
            "`version` must be the version of the vendor's API, as text.",
        )

    def test_rules_accept_every_hit(self, scene: Scene) -> None:
        """The rules are for identifiers of the provider, and accept each hit of a scene."""
        rules = self.provider.rules(scene.kind)
        strange = sorted(set(rules) - set(self.provider.identifiers[scene.kind]))
        expect(not strange, f"`rules` has {strange}, which are not in `identifiers`.")
        for identity in scene.hits:
            broken = [
                rule.code
                for name, value in identity.keys
                for rule in rules.get(name, ())
                if not rule.accepts(value)
            ]
            expect(not broken, f"The rules {broken} refuse a hit of the scene {scene}.")

    def test_identify_returns_the_identities_of_the_scene(self, scene: Scene) -> None:
        """`identify` makes each identity of a scene from a row with its identifiers."""
        for identity in (*scene.hits, *scene.misses):
            chosen = self.provider.identify(scene.kind, dict(identity.keys))
            expect(
                chosen == identity,
                f"`identify` returned {chosen!r} for a row with "
                f"{[name for name, _ in identity.keys]}. The scene {scene} has {identity!r}.",
            )
        empty = self.provider.identify(scene.kind, {})
        expect(empty is None, "`identify` must return None for a row without identifiers.")

    def test_batches_contain_every_identity_once(self, scene: Scene) -> None:
        """`batches` returns each identity once, in batches up to `batch_size`."""
        identities = [*scene.hits, *scene.misses]
        batches = self.batches(scene, identities)
        got: list[Identity] = [identity for batch in batches for identity in batch]
        expect(
            sorted(got) == sorted(identities), "`batches` must return each identity exactly once."
        )
        longest = max(map(len, batches))
        expect(
            longest <= self.provider.batch_size,
            f"`batches` returned a batch of {longest}. `batch_size` is {self.provider.batch_size}.",
        )

    def test_every_kind_has_a_scene(self, kind: Kind) -> None:
        """Each kind has a scene with at least two different hits and one miss."""
        scenes = [scene for scene in self.scenes if scene.kind == kind]
        expect(scenes, f"`scenes` has none for {kind}.")
        for scene in scenes:
            expect(
                len(set(scene.hits)) >= FEWEST_HITS and scene.misses,
                f"The scene {scene} needs at least two different hits and one miss.",
            )


# -- The whole contract, for pytest and for notebooks --------------------------------------------


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
    option_values : mapping of str to sequence
        Other valid values of an option, such as ``{"region": ["eu"]}``, if the contract cannot
        guess one from its type.

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
