"""The account: the sliding window of the rate limit, and the balance."""

from hypothesis import given, strategies as st

from enrich_pandas.emulators.account import VendorAccount

eighths = st.integers(0, 320).map(lambda count: count / 8)  # exact in binary


@given(st.integers(1, 5), st.lists(eighths, max_size=60))
def test_any_minute_admits_at_most_the_rate(rate: int, gaps: list[float]) -> None:
    now = 0.0
    account = VendorAccount(rate=rate, clock=lambda: now)
    admitted: list[float] = []
    for gap in gaps:
        now += gap
        if account.admit():
            admitted.append(now)
        assert 0 <= account.remaining <= rate
        assert 0 <= account.reset <= 60
    for start in admitted:
        assert sum(start <= moment < start + 60 for moment in admitted) <= rate


def test_reset_is_the_time_of_the_next_admission() -> None:
    now = 0.0
    account = VendorAccount(rate=1, clock=lambda: now)
    assert account.admit()
    now = 10.5
    assert not account.admit()
    assert account.reset == 50
    now += account.reset
    assert account.admit()


@given(st.floats(0, 100), st.lists(st.floats(0.5, 30)))
def test_balance_is_never_negative(credits_: float, amounts: list[float]) -> None:
    account = VendorAccount(credits=credits_)
    for amount in amounts:
        before = account.balance
        assert account.pay(amount) is (amount <= before)
        assert account.balance >= 0


def test_unlimited_account_pays_any_amount() -> None:
    account = VendorAccount()
    assert account.pay(10_000_000)
    assert account.admit()
