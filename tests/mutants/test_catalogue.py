"""Each mutant's target, change and tests exist.

``python -m tests.mutants`` makes the mutants and runs the tests that must fail.
"""

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.operators import ROOT, Target

FEWEST = 100


def test_mutants_have_distinct_names():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= FEWEST


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_compiles_and_differs_from_its_target(mutant):
    target = Target(mutant.target)
    changed = mutant.change(target)
    assert changed != target.source.decode()
    compile(changed, target.path.name, "exec")
    for test in mutant.tests.split():
        assert (ROOT / test).exists()
