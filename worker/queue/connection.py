"""Connects to Redis, through restarts of Redis; runs health checks; deletes keys by pattern."""

import os
import sys
from collections.abc import Callable

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from emojich_core.errors import SetupError, shown
from worker.queue.address import Address

RETRIES = 20  # about half a minute, in which Redis may restart


def connect(url: str) -> redis.Redis:
    """A connection that outlives a restart of Redis, and a failover by Sentinels.

    Raises SetupError when Redis does not answer now, or refuses to store a key.
    """
    try:
        address = Address.read(url)
        with address.client(retry=Retry(NoBackoff(), 0)) as server:
            if server.get_connection_kwargs().get("decode_responses"):
                raise ValueError("what Redis holds is not all text")
            server.set("emojich:probe", "", px=1)
    except SetupError:
        raise
    except redis.AuthenticationError as error:
        raise SetupError(
            f"Redis at {address} rejects the password, or needs one: write it into "
            "REDIS_URL, redis://:password@host:port/0, or set REDIS_PASSWORD_FILE."
        ) from error
    except redis.ResponseError as error:  # it is full, a replica, or grants no rights
        reason = str(error).rstrip(".")
        raise SetupError(
            f"Redis at {address} takes nothing ({reason}): put that right, or correct REDIS_URL."
        ) from error
    except redis.RedisError as error:
        cause = getattr(error.__cause__, "strerror", None) or shown(error)
        raise SetupError(
            f"Redis at {address} does not answer ({cause}): start it, or correct REDIS_URL"
            f"{' or REDIS_CA_FILE' if url.startswith('rediss') else ''}."
        ) from error
    # redis-py checks neither the address nor its options; the message may quote the password.
    except Exception:
        raise SetupError(
            "REDIS_URL is not a Redis address: write redis://host:port/0, unix:///path or "
            "redis+sentinel://host:port,host:port/master/0."
        ) from None
    backoff = ExponentialBackoff(cap=2, base=0.1)
    return address.client(retry=Retry(backoff, RETRIES), health_check_interval=30)


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


def probe(url: str) -> redis.Redis:
    """A connection without retries."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0))
