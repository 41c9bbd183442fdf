"""What is released declares what it imports, and is built by pinned workflows."""

import ast
import importlib.metadata
import io
import re
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# `enrich_pandas.testing` is imported by the tests of a provider, which pytest runs.
BROUGHT = {"pytest"}
# Used under a name that no import statement has: chosen by pandas, or looked up by its name.
BY_NAME = {"distributed", "keyring", "python-calamine", "python-dotenv"}
WORKFLOWS = sorted((ROOT / ".github").rglob("*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def distribution(requirement: str) -> str:
    """Return the normalized name of what a requirement requires."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower()


def declared() -> set[str]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return {distribution(entry) for group in groups for entry in group}


def imported() -> set[str]:
    """Return the distributions that the package imports, wherever in a module it does so."""
    names = set()
    for path in (ROOT / "enrich_pandas").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(str(node.module).partition(".")[0])
    outside = names - set(sys.stdlib_module_names) - {"enrich_pandas"}
    owners = importlib.metadata.packages_distributions()
    return {distribution(owners[name][0]) for name in outside}


def test_imports_match_the_declared_dependencies() -> None:
    assert imported() - BROUGHT == declared() - BY_NAME


def test_declared_pythons_are_tested_in_ci() -> None:
    prefix = "Programming Language :: Python :: "
    pythons = [one.removeprefix(prefix) for one in PROJECT["classifiers"] if prefix in one]
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]
    assert jobs["run"]["strategy"]["matrix"]["python"] == pythons
    assert set(jobs["systems"]["strategy"]["matrix"]["python"]) <= set(pythons)
    assert PROJECT["requires-python"] == f">={pythons[0]}"


def steps(workflow: Path) -> list[dict]:
    jobs = yaml.safe_load(workflow.read_text("utf-8")).get("jobs", {})
    return [step for job in jobs.values() for step in job.get("steps", [])]


def unpinned(workflow: Path) -> list[str]:
    return [
        step["uses"]
        for step in steps(workflow)
        if "uses" in step and not PINNED.fullmatch(step["uses"])
    ]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_to_a_commit(workflow: Path) -> None:
    assert not unpinned(workflow)


def test_action_pinned_to_a_tag_is_found(tmp_path: Path) -> None:
    workflow = tmp_path / "ci.yml"
    workflow.write_text("jobs: {one: {steps: [{uses: actions/checkout@v5}, {run: 'true'}]}}")
    assert unpinned(workflow) == ["actions/checkout@v5"]


def test_only_the_job_that_publishes_has_its_rights() -> None:
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))
    assert release["permissions"] == {}
    rights = {name: job["permissions"] for name, job in release["jobs"].items()}
    assert rights["build"] == {"contents": "read"}
    assert rights["publish"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text("utf-8")


def test_sdist_holds_the_package_and_no_tests(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    data = sdist.read_bytes()
    sdist.unlink()  # it holds the key of the sandbox, which is looked for
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    package = {name for name in names if name.startswith("enrich_pandas/")}
    there = [
        path.relative_to(ROOT) for path in (ROOT / "enrich_pandas").rglob("*") if path.is_file()
    ]
    assert package == {one.as_posix() for one in there if "__pycache__" not in one.parts}
    pages = {"CHANGELOG.md", "LICENSE", "README.md", "PKG-INFO", "pyproject.toml"}
    assert names - package - {".gitignore"} == pages


def test_citation_has_the_version_and_addresses_of_the_project() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    assert citation["repository-code"] == PROJECT["urls"]["Source"]
    assert citation["url"] == PROJECT["urls"]["Documentation"]
