"""REDIS_URL → clients: a server, one behind TLS, or the master that Redis Sentinels name.

    redis://:password@host:6379/0
    rediss://host:6379/0                                    TLS
    unix:///path
    redis+sentinel://:password@host:26379,host:26379/mymaster/0?sentinel_password=…
    rediss+sentinel://…                                     TLS to the Sentinels and to the server

Over TCP, the password of a URL without one is that of REDIS_PASSWORD or REDIS_PASSWORD_FILE; TLS
trusts the authority in REDIS_CA_FILE, where it is set, in place of the system's.
The form for Sentinels is that of other Python projects, because redis-py has none:
https://docs.prefect.io/integrations/prefect-redis/api-ref/prefect_redis-connection
"""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import redis
import redis.asyncio
from redis.connection import parse_url

from emojich_core.errors import SetupError, shown
from worker.queue import sentinels
from worker.queue.environment import readable_file, secret

_WITH_SENTINELS = re.compile(
    r"(?P<scheme>rediss?)\+sentinel://(?P<login>[^@/?]*@)?(?P<hosts>[^@/?]+)"
    r"/(?P<service>[^/?]+)(?P<db>/[0-9]*)?(?P<query>\?.*)?"
)
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")  # in brackets: IPv6
_SENTINEL_PORT = 26379
_FOR_ASYNCIO: dict[Any, Any] = {
    redis.SSLConnection: redis.asyncio.SSLConnection,
    redis.UnixDomainSocketConnection: redis.asyncio.UnixDomainSocketConnection,
}


@dataclass(frozen=True)
class Address:
    """The address of Redis, and redis-py's options to connect to it."""

    scheme: str
    options: dict[str, Any] = field(repr=False)  # the password among them
    hosts: sentinels.Hosts = field(default_factory=list)  # of Sentinels; none: a server
    service: str = ""  # the master's name, as the Sentinels know it
    of_sentinels: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, url: str, environment: Mapping[str, str] = os.environ) -> "Address":
        """The address of a REDIS_URL, completed by the other variables.

        Raises SetupError; ValueError for a URL that is no address.
        """
        scheme = url.partition("://")[0]
        defaults = {} if scheme == "unix" else _defaults(scheme, environment)
        if not scheme.endswith("+sentinel"):
            return cls(scheme, defaults | parse_url(url))
        parts = _WITH_SENTINELS.fullmatch(url)
        if parts is None:
            raise ValueError("it names no Sentinels, or no master")
        query, is_secure = parts["query"] or "", parts["scheme"] == "rediss"
        options = parse_url(f"redis://{parts['login'] or ''}master{parts['db'] or ''}{query}")
        del options["host"]
        password = options.pop("sentinel_password", None)
        options = defaults | options | ({"ssl": True} if is_secure else {})
        secure = {name: value for name, value in options.items() if name.startswith("ssl")}
        hosts = [_host(text) for text in parts["hosts"].split(",")]
        own = {"password": password} | secure
        return cls(scheme, options, hosts, unquote(parts["service"]), own)

    def client(self, **options: Any) -> redis.Redis:
        """A client for threads, with further options."""
        both = self.options | options
        if self.hosts:
            pool = sentinels.pool(self.service, self.hosts, self.of_sentinels, **both)
        else:
            pool = redis.ConnectionPool(**both)
        return redis.Redis.from_pool(pool)

    def async_pool(self, **options: Any) -> redis.asyncio.BlockingConnectionPool:
        """Connections for asyncio, with further options."""
        both = self.options | options
        if self.hosts:
            return sentinels.async_pool(self.service, self.hosts, self.of_sentinels, **both)
        if kind := both.pop("connection_class", None):
            both["connection_class"] = _FOR_ASYNCIO[kind]
        return redis.asyncio.BlockingConnectionPool(**both)

    def __str__(self) -> str:
        """The address for a message, without the password."""
        if self.hosts:
            hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
            return f"{self.scheme}://{shown(hosts)}/{shown(self.service)}"
        if path := self.options.get("path"):
            return f"unix://{shown(path)}"
        host, port = self.options.get("host", "localhost"), self.options.get("port", 6379)
        return f"{self.scheme}://{shown(host)}:{port}"


def _defaults(scheme: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The options that a URL may override.  Raises SetupError."""
    password = secret(environment, "REDIS_PASSWORD")
    defaults = {"password": password} if password else {}
    ca_file = environment.get("REDIS_CA_FILE", "").strip()
    if ca_file and scheme.startswith("rediss"):
        _check_certificate("REDIS_CA_FILE", ca_file)
        defaults["ssl_ca_certs"] = ca_file
    return defaults


def _check_certificate(name: str, file: str) -> None:
    """Raise SetupError unless the file that a variable names holds a certificate."""
    readable_file(name, file)
    try:
        ssl.create_default_context(cafile=file)
    except OSError:  # ssl.SSLError is one, too
        raise SetupError(
            f"{name}: {shown(file)} holds no certificate: name the file of the authority that has "
            "signed the server's, in PEM."
        ) from None


def _host(text: str) -> tuple[str, int]:
    """Host and port of a Sentinel.  Raises ValueError."""
    match = _HOST.fullmatch(text)
    if match is None:
        raise ValueError("a Sentinel's host cannot be read")
    return match[1].strip("[]"), int(match[2] or _SENTINEL_PORT)
