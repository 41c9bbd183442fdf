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
        what is asked for again is then bought again. Rows that are ``held`` stay. What a process
        that died has left unread is held then, and not before a day has passed.
    shared_folder : str or None
        Where answers lie while Dask's workers join them to their rows: a folder that all of them
        can read. None is the system's temporary folder, which serves workers of this machine.
        What lies there is deleted when the process ends.
    check_balance : bool
        Whether a call of several requests first asks the vendor, for nothing, what is left on the
        account, where the vendor documents how. A call that may cost more warns; with nothing left
        it raises QuotaError before it spends.
    """

    confirm_above: float = 1000.0
    retention: str = "90D"
    shared_folder: str | None = None
    check_balance: bool = True


options = Options()
