"""The mutants can be made: forty of them and more, each by replacing what stands there once.

``python -m tests.mutants`` makes them, and runs the tests that have to notice.
"""

from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTANTS

PACKAGE = Path(__file__).parents[2] / "enrich_pandas"
FORTY = 40


def test_there_are_forty_of_different_names():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= FORTY


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_is_replaced_stands_there_once(mutant):
    source = (PACKAGE / mutant.file).read_text("utf-8")
    assert source.count(mutant.old) == 1
    compile(source.replace(mutant.old, mutant.new), mutant.file, "exec")
    for test in mutant.tests.split():
        assert (PACKAGE.parent / test).exists()
