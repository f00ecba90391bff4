"""The job of a request, and the RQ worker that runs it.

- `job`: the job of a request: hand it to the engine, publish events
- `rq_worker`: RQ's worker, which stops within seconds and loses no job
- `health`: checks the clock of this machine and, for Docker, its worker
"""
