"""Jobs: what RQ's workers run for each request, and how they look after it.

- `job`: the job of a request: hand it to the engine, publish events
- `rq_worker`: RQ's worker, with a bounded stop that loses no job
- `health`: `python -m worker.jobs.health`, for Docker
- `clock`: refuse to start with another time than Redis's
"""
