"""`make` installs: with real pip, venv and interpreters, from an index of this machine.

The index serves what builds youtokentome, and youtokentome, as they are installed here; of the
other packages only the names, for they are gigabytes.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = sys._base_executable  # type: ignore[attr-defined]
INTERPRETER = f"python{sys.version_info.major}.{sys.version_info.minor}"
NOWHERE = "http://127.0.0.1:1/"
REAL = ("setuptools", "wheel", "cython", "youtokentome", "click", "packaging")

pytestmark = pytest.mark.slow


def wheel(name: str, number: str, folder: Path, files: dict[str, bytes], tag: str) -> None:
    """Write a wheel into the folder of an index, as `pip` looks for it."""
    stem = f"{name.replace('-', '_')}-{number}"
    info = f"{stem}.dist-info"
    files.setdefault(
        f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n".encode()
    )
    files.setdefault(
        f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    )
    files.setdefault(f"{info}/RECORD", "".join(f"{each},,\n" for each in files).encode())
    place = folder / re.sub("[-_.]+", "-", name).lower()
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(place / f"{stem}-{tag}.whl", "w") as archive:
        for each, content in files.items():
            archive.writestr(each, content)


def repacked(name: str, folder: Path) -> None:
    """Write the wheel of an installed package."""
    package = distribution(name)
    left = ("INSTALLER", "REQUESTED", "direct_url.json")
    files = {
        str(each): package.locate_file(each).read_bytes()
        for each in package.files or []
        if ".." not in each.parts and each.suffix != ".pyc" and each.name not in left
    }
    [tag, *_] = re.findall("(?m)^Tag: (.+)$", package.read_text("WHEEL") or "")
    [info] = {each.split("/")[0] for each in files if each.split("/")[0].endswith(".dist-info")}
    stem = info.removesuffix(".dist-info").rpartition("-")[0]
    wheel(stem, package.version, folder, files, tag)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two indexes: `pypi`, and `cpu` with PyTorch's builds without CUDA."""
    folder = tmp_path_factory.mktemp("index")
    for name in REAL:
        repacked(name, folder / "pypi")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = sum(
        (extras[each] for each in ("model", "sandbox", "train", "dev")), project["dependencies"]
    )
    for name in {re.split(r"[\[<>=;, ]", each)[0] for each in wanted} - set(REAL):
        wheel(name, version(name).partition("+")[0], folder / "pypi", {}, "py3-none-any")
    for name in ("torch", "torchvision"):
        number = version(name).partition("+")[0]
        wheel(name, f"{number}+cpu", folder / "cpu", {}, "py3-none-any")
    return folder


@dataclass
class Index:
    """An HTTP server of packages, and what it was asked for."""

    address: str
    asked: list[str] = field(default_factory=list)

    def files(self, name: str) -> list[str]:
        """The wheels of this package that were fetched."""
        return [each for each in self.asked if f"/{name}/" in each and each.endswith(".whl")]


@contextmanager
def serve(packages: Path) -> Iterator[Index]:
    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            if self.command == "GET":
                found.asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=packages)) as server:
        found = Index(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


@pytest.fixture
def index(packages: Path) -> Iterator[Index]:
    with serve(packages) as index:
        yield index


@dataclass
class Project:
    """A fresh clone, as far as an installation looks at it."""

    folder: Path
    env: dict[str, str]

    def make(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `make .venv/installed`."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.env | env,
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        """The command line of an installation."""
        return ["make", ".venv/installed", f"PYTHON={PYTHON}", *arguments]

    def installed(self) -> dict[str, str]:
        """The version of each package that is whole."""
        infos = self.packages.glob("*.dist-info")
        assert all((each / "INSTALLER").exists() for each in infos)
        code = (
            "from importlib.metadata import *; [print(d.name, d.version) for d in distributions()]"
        )
        said = subprocess.check_output([self.folder / ".venv/bin/python", "-c", code], text=True)
        return dict(line.lower().split() for line in said.splitlines())

    @property
    def packages(self) -> Path:
        """Where pip puts them."""
        return self.folder / ".venv/lib" / INTERPRETER / "site-packages"


@pytest.fixture
def project(tmp_path: Path, index: Index) -> Project:
    """A clone in which nothing is installed."""
    return clone(tmp_path / "emojich", index)


@dataclass
class First:
    """An installation from nothing, and what its index was asked for."""

    project: Project
    result: subprocess.CompletedProcess[str]
    asked: list[str]


def install_first(folder: Path, packages: Path, *arguments: str, **env: str) -> First:
    with serve(packages) as index:
        project = clone(folder / "emojich", index)
        arguments = tuple(each.format(index=index.address) for each in arguments)
        return First(project, project.make(*arguments, **env), index.asked)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> First:
    """All of it, PyTorch from its own index."""
    return install_first(tmp_path_factory.mktemp("whole"), packages, "TORCH_INDEX={index}/cpu/")


@pytest.fixture(scope="module")
def pip_alone(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> First:
    """What comes no further than pip."""
    return install_first(tmp_path_factory.mktemp("pip"), packages, PIP_INDEX_URL=NOWHERE)


def copy(first: First, project: Project) -> Project:
    """Put a copy of an environment into a clone: to make one takes seconds."""
    shutil.copytree(first.project.folder / ".venv", project.folder / ".venv", symlinks=True)
    return project


@pytest.fixture
def installed(project: Project, whole: First) -> Project:
    """A clone with all of it, but that `make` has not noted."""
    copy(whole, project)
    (project.folder / ".venv/installed").unlink()
    return project


@pytest.fixture
def begun(project: Project, pip_alone: First) -> Project:
    """A clone whose environment has pip."""
    return copy(pip_alone, project)


def clone(folder: Path, index: Index) -> Project:
    folder.mkdir(exist_ok=True)
    for name in ("Makefile", "install.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for room in ("bot", "worker", "emojich_core"):
        (folder / room).mkdir()
        shutil.copy(ROOT / room / "__init__.py", folder / room)
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "MAKE"))
    }
    settings = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": f"{index.address}/pypi/",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_NO_COMPILE": "1",  # that takes seconds
    }
    return Project(folder, inherited | settings)


def the_one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The output of a failed installation, without the line of make."""
    assert result.returncode
    lines = [line for line in result.stderr.splitlines() if not line.startswith("make: ***")]
    [said] = [line for line in lines if not line.startswith("Installing into")]
    assert said.startswith("emojich: "), said
    assert result.stdout == ""
    return said


# --- What goes well -------------------------------------------------------------------------------


def test_pytorch_comes_from_its_own_index_and_other_packages_from_pypi(whole: First) -> None:
    project, asked = whole.project, len(whole.asked)
    assert whole.result.returncode == 0, whole.result.stderr
    installed = project.installed()
    assert installed["torch"].endswith("+cpu")
    assert installed["torchvision"].endswith("+cpu")
    assert {each.split("/")[2] for each in whole.asked if each.startswith("/cpu/")} == {
        "torch",
        "torchvision",
    }
    assert "emojich" in installed
    assert not {"basicsr", "realesrgan", "opencv-python"} & installed.keys()
    assert (project.folder / ".venv/bin/emojich").exists()

    again = project.make(PIP_INDEX_URL=NOWHERE)
    assert again.returncode == 0, again.stderr  # nothing is to do
    assert len(whole.asked) == asked


def test_killed_installation_resumes(project: Project, index: Index) -> None:
    environment = project.folder / ".venv"
    moments: list[Callable[[], bool]] = [
        (environment / "bin/python").exists,
        lambda: any(project.packages.glob("pip/_vendor/*")),
        lambda: bool(index.asked),
        lambda: any(project.packages.glob("Cython/*")),
        lambda: bool(index.files("youtokentome")),
        lambda: bool(index.files("torchvision")),
        lambda: bool(index.files("playwright")),
    ]
    for has_come in moments:
        process = subprocess.Popen(
            project.command(),
            cwd=project.folder,
            env=project.env,
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while not has_come() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (environment / "installed").exists()
    result = project.make()
    assert result.returncode == 0, result.stderr
    installed = project.installed()
    assert "emojich" in installed
    assert installed["torch"] == version("torch").partition("+")[0]
    assert not (environment / "tmp").exists()
    for name in ("wheel", "youtokentome", "torch"):
        assert len(index.files(name)) <= 2, name  # once more where it was cut off, not each time


def test_half_installed_environment_is_installed_again(installed: Project, index: Index) -> None:
    [info] = installed.packages.glob("youtokentome-*.dist-info")
    (info / "INSTALLER").unlink()  # pip was killed before it wrote this
    [library] = installed.packages.glob("_youtokentome_cython*.so")
    library.unlink()
    result = installed.make()
    assert result.returncode == 0, result.stderr
    assert library.exists()
    assert index.files("youtokentome")
    assert not index.files("setuptools")  # the rest stays


def remove_by_half(environment: Path) -> None:
    """As a pip that is killed while it removes a package."""
    [packages] = environment.glob("lib/*/site-packages")
    (packages / "click").rename(packages / "~lick")


def lose_the_interpreter(environment: Path) -> None:
    """As when the system upgrades it: the link leads to nothing."""
    link = environment / "bin/python"
    link.unlink()
    link.symlink_to("/nowhere/python")
    (environment / "installed").touch()


@pytest.mark.parametrize("damage", [remove_by_half, lose_the_interpreter])
def test_unusable_environment_is_created_anew(
    installed: Project, damage: Callable[[Path], None]
) -> None:
    damage(installed.folder / ".venv")
    said = the_one_line(installed.make(PIP_INDEX_URL=NOWHERE))
    assert said.startswith("emojich: setuptools, wheel and cython could not be installed")
    assert set(installed.installed()) <= {"pip", "setuptools"}  # as ensurepip brings them
    assert not list(installed.packages.glob("~*"))


def test_second_installation_waits_for_the_first(begun: Project, index: Index) -> None:
    """So does one for the pip of another whose `make` was killed."""
    first = subprocess.Popen(
        begun.command(), cwd=begun.folder, env=begun.env, stderr=subprocess.DEVNULL
    )
    while not index.asked:
        time.sleep(0.002)
    first.kill()
    result = begun.make()
    assert result.returncode == 0, result.stderr
    assert "Waiting for another installation" in result.stderr
    assert "emojich" in begun.installed()
    assert len(index.files("torch")) == 1


def test_locked_installation_checks_versions_and_hashes(
    project: Project, packages: Path, pip_alone: First
) -> None:
    """All of the lock, once with PyTorch of another index; then a file that is another one."""
    lock = project.folder / "requirements.lock"
    for name in (*REAL, "torch", "torchvision"):
        [file] = (packages / "pypi" / name).iterdir()
        number = file.name.split("-")[1]
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        with lock.open("a") as lines:
            lines.write(f"{name}=={number} \\\n    --hash=sha256:{digest}\n")
    with lock.open("a") as lines:
        lines.write(f"nvidia-cublas==1 \\\n    --hash=sha256:{'0' * 64}\n")
    copy(pip_alone, project)
    address = project.env["PIP_INDEX_URL"].replace("/pypi/", "/cpu/")
    result = project.make("LOCKED=1", f"TORCH_INDEX={address}")
    assert result.returncode == 0, result.stderr
    installed = project.installed()
    assert installed.keys() >= {"emojich", "youtokentome", "torch"}
    assert installed["torch"].endswith("+cpu")
    assert not {"redis", "nvidia-cublas"} & installed.keys()  # the lock's alone
    assert (project.folder / ".venv/bin/emojich").exists()

    (project.folder / ".venv/installed").unlink()
    said = the_one_line(project.make("LOCKED=1"))  # now CUDA is wanted, and it is not there
    assert said.startswith("emojich: what requirements.lock names could not be installed")
    shutil.rmtree(next(project.packages.glob("wheel-*.dist-info")))
    lock.write_text(re.sub("(?m)^(wheel==.*\n.*sha256:)..", r"\g<1>00", lock.read_text()))
    said = the_one_line(project.make("LOCKED=1"))
    assert said.startswith("emojich: setuptools, wheel and cython could not be installed")
    assert "DO NOT MATCH THE HASHES" in said


# --- What fails, and says why in one line ---------------------------------------------------------


def interpreter(folder: Path, *, headers: bool = True, venv: bool = True) -> Path:
    """Make a Python like this one on a system that lacks a package: links below another prefix."""
    (folder / "bin").mkdir(parents=True)
    program = Path(shutil.copy(PYTHON, folder / "bin" / INTERPRETER))
    library = Path(sysconfig.get_path("stdlib"))
    (folder / "lib" / library.name).mkdir(parents=True)
    for each in library.iterdir():
        if venv or each.name != "ensurepip":
            (folder / "lib" / library.name / each.name).symlink_to(each)
    if headers:
        (folder / "include").symlink_to(Path(sysconfig.get_path("include")).parent)
    code = "import sys; print(sys.prefix)"
    assert subprocess.check_output([program, "-c", code], text=True).strip() == str(folder)
    return program


def commands(folder: Path, *names: str) -> str:
    """A PATH of these commands alone."""
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return str(folder)


def test_missing_compiler_is_named(project: Project, tmp_path: Path) -> None:
    said = the_one_line(project.make(PATH=commands(tmp_path / "bin", "make", "touch", "sh")))
    assert said == (
        "emojich: missing on this machine: a C++ compiler (g++); in brackets Debian's packages."
    )


def test_missing_headers_and_venv_are_named_together(project: Project, tmp_path: Path) -> None:
    program = interpreter(tmp_path / "python", headers=False, venv=False)
    said = the_one_line(project.make(f"PYTHON={program}"))
    assert f"Python's venv ({INTERPRETER}-venv), Python's headers ({INTERPRETER}-dev);" in said
    assert "g++" not in said


def test_complete_interpreter_is_accepted(project: Project, tmp_path: Path) -> None:
    program = interpreter(tmp_path / "python")
    (project.folder / ".venv").write_text("")  # so that it does not come far
    said = the_one_line(project.make(f"PYTHON={program}"))
    assert said.startswith("emojich: a virtual environment could not be installed")


def old_pythons() -> list[str]:
    """Interpreters of this machine that are too old."""
    places = [Path.home() / ".pyenv/versions"]
    found = [str(each) for place in places for each in place.glob("*/bin/python")]
    found += [path for minor in range(6, 11) if (path := shutil.which(f"python3.{minor}"))]
    code = "import sys; sys.exit(sys.version_info >= (3, 11))"
    run = partial(subprocess.run, capture_output=True, check=False)
    return [path for path in found if run([path, "-c", code]).returncode == 0]


def test_old_or_missing_python_is_refused(project: Project) -> None:
    for path in old_pythons():
        assert the_one_line(project.make(f"PYTHON={path}")) == (
            f"emojich: {path} is not Python 3.11 or newer: make run PYTHON=python3.13"
        )
    assert the_one_line(project.make("PYTHON=no-such-python")) == (
        "emojich: there is no no-such-python: make run PYTHON=python3.13"
    )


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/simple", "https://no-such-host.invalid/"])
def test_missing_network_is_one_sentence(address: str, begun: Project) -> None:
    said = the_one_line(begun.make(PIP_INDEX_URL=address))
    assert re.match("emojich: setuptools, wheel and cython could not be .* cannot be reached", said)
    assert (begun.folder / ".venv/install.log").exists()


def test_wrong_pytorch_index_is_one_sentence(
    installed: Project, index: Index, packages: Path
) -> None:
    """One that is not there, one that has nothing for this Python, and one that is no address.

    PyTorch alone is not installed: what comes before it takes seconds each time.
    """
    for info in installed.packages.glob("torch*.dist-info"):
        shutil.rmtree(info)
    folder = packages / "pypi/torch"
    [there] = folder.iterdir()
    other = there.rename(folder / there.name.replace("py3-none-any", "cp39-cp39-win32"))
    try:
        for wrong in (f"{index.address}/nowhere/", f"{index.address}/pypi/", "cpu"):
            said = the_one_line(installed.make(f"TORCH_INDEX={wrong}"))
            start = (
                "emojich: PyTorch from TORCH_INDEX could not be installed: the package index has no"
            )
            assert said.startswith(f"{start} torch")
            assert f"for Python {INTERPRETER.removeprefix('python')} (" in said
    finally:
        other.rename(there)


@pytest.mark.parametrize("megabytes", [2, 25])
def test_full_disk_is_one_sentence(
    megabytes: int, tmp_path: Path, index: Index, pip_alone: First
) -> None:
    """Full before pip is there, and after."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        project = clone(folder, index)
        if megabytes > 10:
            copy(pip_alone, project)
        said = the_one_line(project.make())
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert "could not be installed: the disk is full, and up to" in said


def test_killed_pip_is_one_sentence(begun: Project, index: Index) -> None:
    process = subprocess.Popen(
        begun.command(), cwd=begun.folder, env=begun.env, stderr=subprocess.PIPE, text=True
    )
    while not index.asked:
        time.sleep(0.002)
    pattern = f"{begun.folder}/.venv/bin/python -m pip"
    [pip] = subprocess.check_output(["pgrep", "-f", pattern], text=True).split()
    os.kill(int(pip), signal.SIGKILL)
    _, said = process.communicate()
    result = subprocess.CompletedProcess(process.args, process.returncode, "", said)
    assert "it was killed, as the system does when memory is short" in the_one_line(result)


def test_unwritable_folder_is_one_sentence(project: Project) -> None:
    """Root may: so a file lies in its place."""
    (project.folder / ".venv").write_text("")
    assert ".venv" in the_one_line(project.make())
