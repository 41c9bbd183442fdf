"""Options of the library, for the whole process."""

from dataclasses import dataclass


@dataclass(slots=True)
class Options:
    """What holds for every call.

    Attributes
    ----------
    confirm_above : float
        Credits. A live call whose maximum is above this and that names no ``budget`` raises
        BudgetError with its plan, so that nobody spends a fortune by a typing error.
    retention : str
        How long answers are kept in the journal, such as ``"90D"``; older ones are deleted, and
        what is asked for again is then bought again. Rows that are ``held`` stay.
    """

    confirm_above: float = 1000.0
    retention: str = "90D"


options = Options()
