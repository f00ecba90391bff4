"""Jobs: what RQ's workers run for each request, and how they look after it.

- `job`: the job of a request: hand it to the engine, publish events
- `rq_worker`: RQ's worker, with a bounded stop that loses no job
- `health`: the clock of this machine, and Docker's question whether its worker takes requests
"""
