import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from enrich_pandas.progress import Progress
from enrich_pandas.progress.choose import MarimoView

Snapshot = Callable[..., Progress]


def test_the_output_of_the_cell_is_replaced_where_it_says_anything_new(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    shown: list[str] = []
    output = SimpleNamespace(replace=shown.append)
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(output=output, Html=str))
    page = MarimoView()
    for progress in (snapshot(), snapshot(), snapshot(state="paused"), snapshot(state="done")):
        page(progress)
    assert len(shown) == 3
    assert "paused, 2 in flight" in shown[1]
    assert "crustdata done: 310 of 500 rows" in shown[2]
