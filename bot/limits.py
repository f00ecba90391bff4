"""How much one user, and all of them, may ask for at a time."""

from enum import StrEnum

MAX_ACTIVE = 3  # requests of one user that are waiting or being drawn
HISTORY = 20  # prompts of one user that /history has
MAX_QUEUE = 100  # requests of all users that are waiting


class Limit(StrEnum):
    """Why a good prompt is turned down for now."""

    TOO_MANY = "too_many"  # the user has MAX_ACTIVE requests already
    QUEUE_FULL = "queue_full"
