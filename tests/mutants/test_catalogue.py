"""Each mutant's target, change and tests exist.

``python -m tests.mutants`` makes the mutants and runs the tests that must fail.
"""

import ast
import builtins

import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.operators import ROOT, Target, defined_names

FEWEST = 100


def test_mutants_have_distinct_names():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= FEWEST


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_compiles_and_differs_from_its_target(mutant):
    target = Target(mutant.target)
    changed = mutant.change(target)
    assert changed != target.source.decode()
    compile(changed, target.path.name, "exec")
    # Any test would notice a NameError.
    known = target.names() | names_of_module(target) | set(dir(builtins))
    assert Target(mutant.target, changed.encode()).names() <= known
    for test in mutant.tests.split():
        assert (ROOT / test).exists()


def names_of_module(target):
    return {name for node in target.module for name in bindings(node)}


def bindings(node):
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    return defined_names(node)
