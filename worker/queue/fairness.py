"""Fairness: workers serve the users round by round, one request of each user a round.

RQ's queue is one Redis list, and workers take its head.  So the place of a new job decides: a
user's n-th request, counted from those that an engine draws, goes before the others' (n+1)-th.
A user with one request waits for one request of each user before, however many these have queued.
Each finished request moves its user's later ones up a round, so no request waits forever.

Placing a job reads only the ids of the waiting jobs, because an id names its user.
"""

import redis
from rq import Queue
from rq.job import Job

USER = "user"  # the field of RQ's `meta` that says whose job it is

# A job that a worker has taken meanwhile is no longer in the list, and stays where it is.  A job
# that is no request may hold anything: it counts as that of a user without an id.
_PLACE = """
local queue, started, id, job_key, field = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local counts = {}

local function user_of(job_id)
    local user = string.match(job_id, '^(%d+)_')  -- the bot's ids begin so
    if user then return user end
    local meta = redis.pcall('HGET', job_key .. job_id, 'meta')
    local is_read, fields = pcall(cjson.decode, meta)  -- of another version, or no JSON at all
    return is_read and type(fields) == 'table' and fields[field] or ''
end

local function count(user)
    counts[user] = (counts[user] or 0) + 1
    return counts[user]
end

for _, execution in ipairs(redis.call('ZRANGE', started, 0, -1)) do
    count(user_of(string.match(execution, '^[^:]*')))
end
-- Nothing after this can fail: the job would be in no list.
if redis.call('LREM', queue, 1, id) == 0 then return end
local own, after, rounds = user_of(id), 0, {}
local waiting = redis.call('LRANGE', queue, 0, -1)
for place, other in ipairs(waiting) do
    local user = user_of(other)
    rounds[place] = count(user)
    if user == own then after = place end
end
local round = count(own)
for place = after + 1, #waiting do
    if rounds[place] > round then
        redis.call('LINSERT', queue, 'BEFORE', waiting[place], id)
        return
    end
end
redis.call('RPUSH', queue, id)
"""


def move_to_turn(queue: Queue, connection: redis.Redis, job_id: str) -> None:
    """Move a waiting job to its user's turn in the queue.  Safe to repeat."""
    keys = (queue.key, queue.started_job_registry.key)
    connection.eval(_PLACE, len(keys), *keys, job_id, Job.key_for(""), USER)
