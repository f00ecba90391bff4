"""Install Emojich into a virtual environment, for `make`; an interrupted installation goes on.

    python install.py .venv [URL of a package index to take PyTorch from] [requirements.lock]

With a lock, everything has its version, and each file one of its hashes.  Of PyTorch from another
index only the version is checked, because that index has other files.

The interpreter that runs this is the environment's; nothing beyond its standard library is needed.
"""

import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

EXTRAS = ("model", "sandbox", "train", "dev")  # of pyproject.toml
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
GIGABYTES = 10  # with CUDA, while packages are unpacked


class InstallationError(Exception):
    """The installation cannot continue; the message says in one line what is missing."""


def main() -> None:
    """Install all of it, or say in one line what is missing."""
    environment, index = Path(sys.argv[1]).absolute(), "".join(sys.argv[2:3])
    lock_file = Path(sys.argv[3]).absolute() if len(sys.argv) > 3 else None
    os.chdir(Path(__file__).parent)
    try:
        check_system()
        with open("pyproject.toml", "rb") as project:
            lock = wait_for_others(project.fileno())
            settings = tomllib.load(project)
            extras = settings["project"]["optional-dependencies"]
            torch = [each for each in extras["model"] + extras["train"] if each.startswith("torch")]
            print(
                f"Installing into {environment.name} (some minutes the first time) …",
                file=sys.stderr,
            )
            installer = Installer(environment, lock)
            installer.make_environment()
            if lock_file:
                install_locked(installer, read_lock(lock_file), index)
                shutil.rmtree(installer.temporary)
                return
            # youtokentome is built from source and does not declare what its build needs.  A build
            # that fails does so here, before gigabytes are fetched.
            tools = [*settings["build-system"]["requires"], "wheel", "cython"]
            installer.install("setuptools, wheel and cython", *tools)
            installer.install("youtokentome", "--no-build-isolation", "youtokentome")
            # pip takes the highest version of all its indexes: only alone does this one decide.
            options = ["--index-url", index] if index else []
            installer.install("PyTorch from TORCH_INDEX" if index else "PyTorch", *torch, *options)
            whole = ["--no-build-isolation", "-e", f".[{','.join(EXTRAS)}]"]
            installer.install("what pyproject.toml names", *whole)
            shutil.rmtree(installer.temporary)
    except InstallationError as error:
        sys.exit(f"emojich: {error}")
    except OSError as error:
        sys.exit(f"emojich: {error.filename or environment}: {error.strerror}.")
    except KeyboardInterrupt:
        sys.exit("emojich: interrupted; the same command goes on with the installation.")


def read_lock(file: Path) -> dict[str, str]:
    """Name of a package → its lines in a lock, one for each version that its markers allow."""
    packages: dict[str, str] = {}
    for entry in re.findall(r"(?m)^[a-z0-9].*\n(?:[ \t].*\n)*", file.read_text()):
        name = re.split("[=\\[]", entry)[0]
        packages[name] = packages.get(name, "") + entry
    return packages


def install_locked(installer: "Installer", packages: dict[str, str], index: str) -> None:
    """Install what a lock names, in the same order as `main`.  Raises InstallationError."""

    def install(goal: str, *names: str) -> None:
        part = installer.temporary / "part.lock"
        part.write_text("".join(packages.pop(name) for name in names))
        options = ["--require-hashes", "--no-deps", "--no-build-isolation"]
        installer.install(goal, *options, "-r", str(part))

    install("setuptools, wheel and cython", "setuptools", "wheel", "cython")
    install("youtokentome", "click", "youtokentome")
    if index:
        versions = [packages.pop(name).split()[0] for name in ("torch", "torchvision")]
        installer.install("PyTorch from TORCH_INDEX", "--index-url", index, "--no-deps", *versions)
        # Its CUDA, which that build may do without, or bring itself.
        for name in [each for each in packages if re.match("nvidia-|cuda-|triton$", each)]:
            del packages[name]
    install("what requirements.lock names", *packages)
    whole = ["--no-index", "--no-deps", "--no-build-isolation", "-e", "."]
    installer.install("Emojich itself", *whole)


def check_system() -> None:
    """Raise InstallationError for missing packages of the system: headers, a compiler, venv."""
    missing = []
    if not (find_spec("venv") and find_spec("ensurepip")):
        missing.append(f"Python's venv (python{VERSION}-venv)")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append(f"Python's headers (python{VERSION}-dev)")
    compiler = os.environ.get("CXX") or sysconfig.get_config_var("CXX") or "c++"
    if not shutil.which(shlex.split(compiler)[0]):
        missing.append("a C++ compiler (g++)")
    if missing:
        raise InstallationError(
            f"missing on this machine: {', '.join(missing)}; in brackets Debian's packages."
        )


def wait_for_others(file: int) -> int:
    """Lock the open file against other installations, and return it.

    A pip whose parent was killed inherits the lock, so that the next installation waits for it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Waiting for another installation of this folder …", file=sys.stderr)
        fcntl.flock(file, fcntl.LOCK_EX)
    return file


class Installer:
    """Runs pip in a virtual environment, and says in one line why it failed."""

    def __init__(self, environment: Path, lock: int):
        self.environment = environment
        self.temporary = environment / "tmp"  # gigabytes for a while, and /tmp may lie in memory
        self._python = str(environment / "bin/python")
        self._lock = lock

    def make_environment(self) -> None:
        """Keep the environment if it is whole and this interpreter's, or make it anew.

        Raises InstallationError.
        """
        interpreter = f"{sysconfig.get_config_var('SOABI')} {sys.base_prefix}"
        made = self.environment / "made"
        packages = list(self.environment.glob("lib/*/site-packages"))
        half_removed = any(list(folder.glob("~*")) for folder in packages)  # as pip renames them
        starts = os.access(self._python, os.X_OK)
        whole = starts and made.exists() and made.read_text() == interpreter and not half_removed
        if not whole:
            command = [sys.executable, "-m", "venv", "--clear", "--without-pip"]
            self._run("a virtual environment", *command, str(self.environment))
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        if not whole:
            self._run("pip", self._python, "-m", "ensurepip", "--default-pip")
            made.write_text(interpreter)
        # pip writes INSTALLER last; without it a package is cut off, but counts as installed.
        for folder in packages if whole else []:
            for package in folder.glob("*.dist-info"):
                if not (package / "INSTALLER").exists():
                    shutil.rmtree(package)

    def install(self, goal: str, *arguments: str) -> None:
        """Run `pip install` with these arguments.  Raises InstallationError."""
        pip = [self._python, "-m", "pip", "install", "-vv", "--no-input"]
        self._run(goal, *pip, "--progress-bar=off", "--disable-pip-version-check", *arguments)

    def _run(self, goal: str, *command: str) -> None:
        """Run a command without a word; where it fails, write its words to install.log."""
        result = subprocess.run(
            command,
            env=os.environ | ({"TMPDIR": str(self.temporary)} if self.temporary.exists() else {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[self._lock],
            text=True,
            errors="replace",
        )
        if result.returncode:
            log, said = self.environment / "install.log", reason(result.stdout)
            if result.returncode == -signal.SIGKILL:
                said = "it was killed, as the system does when memory is short"
            with suppress(OSError):
                log.write_text(result.stdout)
            raise InstallationError(f"{goal} could not be installed: {said} (more of it: {log}).")


def reason(output: str) -> str:
    """A line that says what is missing, from the output of pip or venv."""
    if re.search("No space left on device|Disk quota exceeded|No usable temporary", output):
        return f"the disk is full, and up to {GIGABYTES} GB are needed"
    if match := re.search(r"Could not fetch URL (\S+): (?!4\d\d)", output):
        return f"{match[1]} cannot be reached"
    if match := re.search("No matching distribution found for (.+)", output):
        return f"the package index has no {match[1]} for Python {VERSION}"
    # A compiler's own word comes before pip's about it.
    errors = re.findall(r"(?m)^.*\berror: .+", output) or re.findall("(?m)^.*(?i:error).+", output)
    return (errors or output.splitlines() or ["it said nothing"])[-1].strip()


if __name__ == "__main__":
    main()
