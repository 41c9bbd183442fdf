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
    """

    confirm_above: float = 1000.0


options = Options()
