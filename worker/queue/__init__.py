"""The contract between bot and worker, all of it in Redis: all that `bot` imports of `worker`.

- `request_ids`: make the ids of requests, and find all of a user
- `requests`: the queue: enqueue, cancel, find the place of a request
- `request_job`: RQ's job and queue, restricted to requests
- `bundles`: which bundles are served
- `fairness`: whose request is next
- `ends`: which requests have ended
- `events`: the stream that tells the bot of progress and ends
- `image_prompts`: users' pictures for requests, stored for a day
- `sketches`: pictures of half-drawn images
- `results`: finished stickers, kept for a day
- `stats`: the day's counts, seconds per image
- `address`: REDIS_URL, and the variables beside it, as clients
- `sentinels`: clients of the master that Redis Sentinels name
- `connection`: connect to Redis, or say why not
- `doctor`: lines of `emojich doctor`, and its checks of Redis
- `valkey`: the embedded server for a machine without a Redis
- `child`: a child process that does not outlive its parent
- `decoding`: JSON from Redis, checked against a type
- `logs`: the log, as lines or as JSON
- `metrics_server`: figures for Prometheus over HTTP
- `environment`: environment variables, the data folder, the "ready" line
"""
