"""The locks name a version and hashes for everything that pyproject.toml asks for."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from install import read_lock

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TOOLS = ["wheel", "cython"]  # with which youtokentome is built
LOCKS: dict[str, tuple[list[str], list[str]]] = {  # file → extras, further requirements
    "bot/requirements.lock": ([], []),
    "worker/requirements.lock": (["model"], TOOLS),
    "requirements.lock": (["model", "sandbox", "train", "dev"], TOOLS),
}
PYTHONS = ["3.11.9", "3.12.1", "3.13.0", "3.14.0"]


def wanted(extras: list[str], more: list[str]) -> list[Requirement]:
    project = PROJECT["project"]
    texts = [text for extra in extras for text in project["optional-dependencies"][extra]]
    build = PROJECT["build-system"]["requires"]
    return [Requirement(text) for text in [*project["dependencies"], *build, *texts, *more]]


def locked(entries: str, python: str) -> list[Requirement]:
    """The versions of a package for a Python on Linux."""
    system = {
        **default_environment(),
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
    }
    lines = re.findall(r"(?m)^(\S.*?) *\\?$", entries)
    found = map(Requirement, lines)
    return [each for each in found if each.marker is None or each.marker.evaluate(system)]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", LOCKS)
def test_lock_satisfies_the_ranges_of_pyproject(name: str, python: str) -> None:
    packages = read_lock(ROOT / name)
    for requirement in wanted(*LOCKS[name]):
        [pinned] = locked(packages[canonicalize_name(requirement.name)], python)
        [specifier] = pinned.specifier
        assert specifier.operator == "=="
        assert requirement.specifier.contains(specifier.version), requirement


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_file_has_a_hash(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    for package, entries in read_lock(ROOT / name).items():
        for entry in re.split(r"\n(?=\S)", entries):
            assert re.search(r"\n    --hash=sha256:[0-9a-f]{64}", entry), package


@pytest.mark.parametrize("name", ["bot/requirements.lock", "worker/requirements.lock"])
def test_images_have_the_versions_of_the_tests(name: str) -> None:
    """Of what both need, in the lock of `make run` too."""
    ours, tested = read_lock(ROOT / name), read_lock(ROOT / "requirements.lock")
    for package, entries in ours.items():
        for python in PYTHONS:
            assert [str(each.specifier) for each in locked(entries, python)] == [
                str(each.specifier) for each in locked(tested[package], python)
            ]


def test_images_install_nothing_without_a_hash() -> None:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", "").splitlines()
    installs = [part for line in lines for part in line.split(";") if "pip install" in part]
    assert len(installs) == 7
    for install in installs:
        hashed = "--require-hashes --no-deps" in install
        own = "--no-index --no-deps --no-build-isolation -e" in install
        assert hashed or own or '--index-url "$TORCH_INDEX"' in install, install


def test_dockerfile_splits_the_lock_without_losing_a_package(tmp_path: Path) -> None:
    if not shutil.which("awk"):
        pytest.skip("awk splits the lock")
    text = (ROOT / "Dockerfile").read_text()
    [program] = re.findall(r"RUN awk '(.+?)'", text, re.DOTALL)
    program = program.replace("\\\n", "")
    command = ["awk", program, str(ROOT / "worker/requirements.lock")]
    subprocess.run(command, cwd=tmp_path, check=True)
    parts = {file.stem: read_lock(file) for file in tmp_path.iterdir()}
    assert parts["build"].keys() == {"setuptools", "wheel", "cython"}
    assert {"torch", "torchvision", "triton", "nvidia-cublas"} <= parts["torch"].keys()
    whole = {name: entries for part in parts.values() for name, entries in part.items()}
    assert whole == read_lock(ROOT / "worker/requirements.lock")
    assert sum(map(len, parts.values())) == len(whole)
    [script] = re.findall(r"\$\((sed -nE .+?) torch\.lock\)", text)
    versions = subprocess.check_output(
        ["sh", "-c", f"{script} torch.lock"], cwd=tmp_path, text=True
    )
    assert versions.split() == [whole[name].split()[0] for name in ("torch", "torchvision")]
