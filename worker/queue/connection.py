"""Connects to Redis, through restarts of Redis; runs health checks; deletes keys by pattern."""

import os
import sys
from collections.abc import Callable

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from emojich_core.errors import SetupError, shown

RETRIES = 20  # about half a minute, in which Redis may restart


def connect(url: str) -> redis.Redis:
    """A connection that outlives a restart of Redis.

    Raises SetupError when Redis does not answer now, or refuses to store a key.
    """
    try:
        with probe(url) as server:
            if server.get_connection_kwargs().get("decode_responses"):
                raise ValueError("what Redis holds is not all text")
            server.set("emojich:probe", "", px=1)
    except redis.AuthenticationError as error:
        raise SetupError(
            f"Redis at {_address(server)} wants another password, or one at all: write it into "
            "REDIS_URL, redis://:password@host:port/0."
        ) from error
    except redis.ResponseError as error:  # it is full, a replica, or grants no rights
        reason = str(error).rstrip(".")
        raise SetupError(
            f"Redis at {_address(server)} takes nothing ({reason}): put that right, or correct "
            "REDIS_URL."
        ) from error
    except redis.RedisError as error:
        cause = getattr(error.__cause__, "strerror", None) or shown(error)
        raise SetupError(
            f"Redis at {_address(server)} does not answer ({cause}): "
            "start it, or correct REDIS_URL."
        ) from error
    # redis-py checks neither the address nor its options; the message may quote the password.
    except Exception:
        raise SetupError(
            "REDIS_URL is not a Redis address: write redis://host:port/0 or unix:///path."
        ) from None
    backoff = ExponentialBackoff(cap=2, base=0.1)
    return redis.Redis.from_url(url, retry=Retry(backoff, RETRIES), health_check_interval=30)


def delete_matching(connection: redis.Redis, *patterns: str) -> None:
    """Delete the keys that match one of the patterns of SCAN."""
    for pattern in patterns:
        for key in connection.scan_iter(pattern, count=1000):
            connection.delete(key)


def exit_unless(well: Callable[[redis.Redis], bool], otherwise: str) -> None:
    """Run a health check on the Redis at REDIS_URL; exit with a sentence where it fails."""
    try:
        with connect(os.environ.get("REDIS_URL", "")) as connection:
            if not well(connection):
                sys.exit(f"emojich: {otherwise}")
    except SetupError as error:
        sys.exit(f"emojich: {error}")


def _address(connection: redis.Redis) -> str:
    """The address of a connection, without its password."""
    pool = connection.connection_pool
    options = pool.connection_kwargs
    if "path" in options:
        return f"unix://{shown(options['path'])}"
    scheme = "rediss" if issubclass(pool.connection_class, redis.SSLConnection) else "redis"
    return f"{scheme}://{shown(options.get('host', 'localhost'))}:{options.get('port', 6379)}"


def probe(url: str) -> redis.Redis:
    """A connection without retries."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0))
