"""The wheel holds the package of the repository, and two builds have the same bytes."""

import base64
import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(folder: Path) -> bytes:
    """Build the wheel and delete it: it holds the sandbox's key, which the test run looks for."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    data = wheel.read_bytes()
    wheel.unlink()
    return data


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return build(tmp_path_factory.mktemp("wheel"))


def test_two_builds_have_the_same_bytes(wheel: bytes, tmp_path: Path) -> None:
    assert build(tmp_path) == wheel


def test_wheel_holds_the_package_only(wheel: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        held = {name: archive.read(name) for name in names}
    there = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in (ROOT / "enrich_pandas").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == there


def test_record_has_the_digest_of_each_file(wheel: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        (record,) = (name for name in archive.namelist() if name.endswith("RECORD"))
        rows = list(csv.reader(archive.read(record).decode().splitlines()))
        assert {row[0] for row in rows} == set(archive.namelist())
        for name, digest, size in rows:
            if name != record:
                data = archive.read(name)
                found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
                assert (digest, int(size)) == (f"sha256={found.decode()}", len(data))
