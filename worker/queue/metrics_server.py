"""Serves the metrics of a process to Prometheus over HTTP, at an address of their own."""

import os
import re
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server

from emojich_core.errors import SetupError
from worker.queue.environment import is_number

LOOPBACK = "127.0.0.1"
MAX_PORT = 65535
NAMELESS = "default"  # the label `bundle` of requests that name none
_HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")

Address = tuple[str, int]

disable_created_metrics()  # a time for each series, which no query of ours needs


def read_address(environment: Mapping[str, str], name: str) -> Address | None:
    """Host and port of a variable such as `9101` or `0.0.0.0:9101`; None where it is unset.

    Raises SetupError.
    """
    text = environment.get(name, "").strip()
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not is_number(port, MAX_PORT) or not _HOST.fullmatch(host or LOOPBACK):
        raise SetupError(
            f"{name} must be a port, or an address with one, such as 9101 or 0.0.0.0:9101."
        )
    return (host or LOOPBACK).strip("[]"), int(port)


def serve(address: Address, name: str, registry: CollectorRegistry) -> None:
    """Serve a registry from now on, in threads.  `name` is the variable that holds the address.

    Raises SetupError.
    """
    host, port = address
    try:
        server, _ = start_http_server(port, host, registry)
    except (OSError, UnicodeError) as error:  # it is taken, or no address of this machine
        cause = getattr(error, "strerror", None) or "it is no address"
        raise SetupError(
            f"Port {port} of {host} cannot be opened ({cause}): "
            f"free it, or set {name} to another one."
        ) from error
    # A forked job process that outlives this one would otherwise keep the port.
    os.register_at_fork(after_in_child=server.socket.close)
