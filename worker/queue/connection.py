"""Connects to Redis, through restarts of Redis; runs health checks; deletes keys by pattern."""

import os
import ssl
import sys
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError

from emojich_core.errors import SetupError, shown
from worker.queue import sentinels
from worker.queue.address import Address

RETRIES = 20  # about half a minute, in which Redis may restart

Kind = TypeVar("Kind", bound=BaseException)


def connect(url: str) -> redis.Redis:
    """A connection that outlives a restart of Redis, and a failover by Sentinels.

    Raises SetupError when Redis does not answer now, or refuses to store a key.
    """
    try:
        address = Address.read(url)
        with address.client(retry=Retry(NoBackoff(), 0)) as server:
            if server.get_connection_kwargs().get("decode_responses"):
                raise ValueError("what Redis holds is not all text")
            stores(server)
    except SetupError:
        raise
    except redis.AuthenticationError as error:
        raise SetupError(
            f"Redis at {address} rejects the password, or needs one: write it into "
            "REDIS_URL, redis://:password@host:port/0, or set REDIS_PASSWORD_FILE."
        ) from error
    except redis.ResponseError as error:
        raise SetupError(refusal(address, error)) from error
    except redis.RedisError as error:
        raise SetupError(_unreachable(address, error)) from error
    # redis-py checks neither the address nor its options; the message may quote the password.
    except Exception:
        raise SetupError(
            "REDIS_URL is not a Redis address: write redis://host:port/0, unix:///path or "
            "redis+sentinel://host:port,host:port/master/0; a password with other signs than "
            "letters and digits goes into REDIS_PASSWORD or REDIS_PASSWORD_FILE."
        ) from None
    backoff = ExponentialBackoff(cap=2, base=0.1)
    return address.client(retry=Retry(backoff, RETRIES), health_check_interval=30)


def stores(connection: redis.Redis) -> bool:
    """Whether Redis takes a key.  Raises redis.RedisError where it does not."""
    return bool(connection.set("emojich:probe", "", px=1))


def refusal(address: Address, error: redis.ResponseError) -> str:
    """Why a Redis that answers takes nothing, and what to do about it, in one sentence."""
    reason = str(error).rstrip(".")
    return f"Redis at {address} takes nothing ({reason}): {_remedy(error)}, or correct REDIS_URL."


def _remedy(error: redis.ResponseError) -> str:
    """How to make a Redis that answers store keys again."""
    if isinstance(error, redis.OutOfMemoryError):
        return "raise its maxmemory"
    if isinstance(error, redis.ReadOnlyError):
        return "connect to its primary"
    if isinstance(error, redis.exceptions.NoPermissionError):
        return "let this user run all commands on all keys"
    return "make room on its disk" if "MISCONF" in str(error) else "repair it"


def _unreachable(address: Address, error: redis.RedisError) -> str:
    """Why there is no connection, and what to do about it, in one sentence."""
    is_secure = address.scheme.startswith("rediss")
    if isinstance(error, MasterNotFoundError):
        error = _refusal_of_sentinel(address) or error
    if isinstance(error, redis.AuthenticationError):
        return (
            f"A Sentinel of {address} rejects the password, or needs one: append "
            "?sentinel_password=… to REDIS_URL."
        )
    if untrusted := _find(error, ssl.SSLCertVerificationError):
        return (
            f"Redis at {address} shows a certificate that this machine does not trust "
            f"({shown(untrusted.verify_message).rstrip('.')}): name that of its authority in "
            "REDIS_CA_FILE, and a host in REDIS_URL that it was made for."
        )
    cause = (getattr(error.__cause__, "strerror", None) or shown(error)).rstrip(".")
    other = ""
    if not is_secure and (_find(error, ConnectionResetError) or "closed" in cause):
        other = " (rediss:// if it takes TLS only)"
    if is_secure and (_find(error, ssl.SSLError) or _find(error, redis.TimeoutError)):
        other = " (redis:// if it takes no TLS)"
    return f"Redis at {address} does not answer ({cause}): start it, or correct REDIS_URL{other}."


def _refusal_of_sentinel(address: Address) -> redis.RedisError | None:
    """The error of a Sentinel that refuses this client, which redis-py does not pass on."""
    for host, port in address.hosts:
        try:
            sentinels.ask(host, port, address.of_sentinels)
        except redis.RedisError as error:
            if isinstance(error, redis.AuthenticationError) or _find(error, ssl.SSLError):
                return error
    return None


def _find(error: BaseException | None, kind: type[Kind]) -> Kind | None:
    """The first error of a kind among those that led to this one."""
    while error:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None


def delete_matching(connection: redis.Redis, *patterns: str) -> None:
    """Delete the keys that match one of the patterns of SCAN."""
    for pattern in patterns:
        for key in connection.scan_iter(pattern, count=1000):
            connection.delete(key)


def exit_unless_healthy(is_healthy: Callable[[redis.Redis], bool], message: str) -> None:
    """Run a health check with the Redis of REDIS_URL; exit with `message` if it fails."""
    try:
        with connect(os.environ.get("REDIS_URL", "")) as connection:
            if not is_healthy(connection):
                sys.exit(f"emojich: {message}")
    except SetupError as error:
        sys.exit(f"emojich: {error}")


def probe(url: str) -> redis.Redis:
    """A connection without retries."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0))
