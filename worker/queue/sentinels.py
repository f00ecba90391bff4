"""Clients of the master that Redis Sentinels name: redis-py's, but they find the next master.

redis-py asks the Sentinels for the master of a new connection only; a connection that breaks is
made to the dead machine again: https://github.com/redis/redis-py/issues/3874.
"""

from typing import Any

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from emojich_core.errors import shown

# Seconds in which a Sentinel must answer, or the next one is asked.
_TIMEOUTS = {"socket_timeout": 2, "socket_connect_timeout": 2}

Hosts = list[tuple[str, int]]


def pool(
    service: str, hosts: Hosts, of_sentinels: dict[str, Any], **options: Any
) -> redis.ConnectionPool:
    """Connections of threads; options are redis-py's, of the connections to each side."""
    sentinel = _Sentinel(hosts, 0, of_sentinels | _TIMEOUTS | {"retry": Retry(NoBackoff(), 0)})
    kind = _SecureConnection if options.pop("ssl", False) else _Connection
    return redis.sentinel.SentinelConnectionPool(
        service, sentinel, connection_class=kind, **options
    )


def async_pool(
    service: str, hosts: Hosts, of_sentinels: dict[str, Any], **options: Any
) -> redis.asyncio.BlockingConnectionPool:
    """Connections of asyncio; a call that needs one more waits."""
    sentinel = _AsyncSentinel(
        hosts, 0, of_sentinels | _TIMEOUTS | {"retry": AsyncRetry(NoBackoff(), 0)}
    )
    kind = _SecureAsyncConnection if options.pop("ssl", False) else _AsyncConnection
    return _AsyncPool(service, sentinel, connection_class=kind, **options)


def ask(host: str, port: int, of_sentinels: dict[str, Any]) -> None:
    """Raise redis.RedisError unless a Sentinel answers."""
    options = of_sentinels | _TIMEOUTS | {"retry": Retry(NoBackoff(), 0)}
    with redis.Redis(host, port, **options) as sentinel:
        sentinel.ping()


class _AsyncPool(
    redis.asyncio.sentinel.SentinelConnectionPool, redis.asyncio.BlockingConnectionPool
):
    """Waits like BlockingConnectionPool, finds masters like SentinelConnectionPool."""


class _Connection(redis.sentinel.SentinelManagedConnection):
    def connect_check_health(
        self, check_health: bool = True, retry_socket_connect: bool = True
    ) -> None:
        """Connect, to the machine that is the master by now.

        `retry_socket_connect` is False where redis-py has asked the Sentinels.
        """
        if retry_socket_connect:
            self.connect()
        else:
            super().connect_check_health(check_health, retry_socket_connect=False)


class _SecureConnection(_Connection, redis.SSLConnection):
    pass


class _AsyncConnection(redis.asyncio.sentinel.SentinelManagedConnection):
    async def connect_check_health(
        self, check_health: bool = True, retry_socket_connect: bool = True
    ) -> None:
        """Connect, to the machine that is the master by now."""
        if retry_socket_connect:
            await self.connect()
        else:
            await super().connect_check_health(check_health, retry_socket_connect=False)


class _SecureAsyncConnection(_AsyncConnection, redis.asyncio.SSLConnection):
    pass


class _Sentinel(redis.sentinel.Sentinel):
    """Raises an error of one sentence; redis-py's describes each client at length."""

    def discover_master(self, service_name: str) -> Any:
        """Host and port of the master.  Raises MasterNotFoundError, a ConnectionError."""
        try:
            return super().discover_master(service_name)
        except redis.sentinel.MasterNotFoundError:
            raise redis.sentinel.MasterNotFoundError(_not_found(service_name)) from None


class _AsyncSentinel(redis.asyncio.sentinel.Sentinel):
    async def discover_master(self, service_name: str) -> Any:
        """Host and port of the master.  Raises MasterNotFoundError, a ConnectionError."""
        try:
            return await super().discover_master(service_name)
        except redis.asyncio.sentinel.MasterNotFoundError:
            raise redis.asyncio.sentinel.MasterNotFoundError(_not_found(service_name)) from None


def _not_found(service: str) -> str:
    return f"no Sentinel answers and knows a master {shown(service)!r}"
