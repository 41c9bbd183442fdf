from collections.abc import Callable

import pytest

from enrich_pandas.progress import Progress
from enrich_pandas.progress.choose import LogLine

Snapshot = Callable[..., Progress]


def test_a_run_leaves_one_line_however_many_snapshots(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    line = LogLine()
    for rows in range(300):
        line(snapshot(rows_done=rows))
    line(snapshot(state="done"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("enrich_pandas: crustdata done: 310 of 500 rows")


def test_a_failure_is_told_as_one(snapshot: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    LogLine()(snapshot(state="failed"))
    assert "crustdata failed" in capsys.readouterr().err
