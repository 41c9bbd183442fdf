"""A budget: credits that a call may spend, or several calls together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Credits that all calls share which name it: in any process, today and later.

    Parameters
    ----------
    credits : float
        A hard wall. Before a request is sent, the most that it can cost is reserved; what may have
        been spent counts as spent.
    name : str
        What the calls have in common that share it, such as ``"spring campaign"``. Without one it
        is that of a single call, as is ``budget=500``.

    Notes
    -----
    It is kept by the journal: calls share it that share a journal. Each call holds to the credits
    that it names itself, so the same name with more credits is how a budget is raised. What another
    call has reserved and gives back is free again for whoever asks after that: a row ``skipped``
    for the budget is asked about when its call is repeated.

    `Run.resume` goes on within the run's own budget, named or not.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> spring = ep.Budget(3, "spring")
    >>> first = pd.DataFrame({"Email": ["ada@example.com", "bob@example.com"]})
    >>> second = pd.DataFrame({"Email": ["eve@example.com", "joe@example.com"]})
    >>> with ep.sandbox(misses=0):
    ...     ep.people(first, budget=spring, progress=None)["person_status"].tolist()
    ...     ep.people(second, budget=spring, progress=None)["person_status"].tolist()
    ['matched', 'matched']
    ['matched', 'skipped']
    """

    credits: float
    name: str = ""
