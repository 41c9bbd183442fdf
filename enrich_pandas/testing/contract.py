"""The whole contract."""

from enrich_pandas.testing.binding import BindingContract
from enrich_pandas.testing.damage import DamageContract
from enrich_pandas.testing.declaration import DeclarationContract
from enrich_pandas.testing.money import MoneyContract
from enrich_pandas.testing.secrecy import SecrecyContract


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
