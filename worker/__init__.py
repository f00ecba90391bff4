"""Takes requests from the queue and has the engine draw them.

- `__main__`: `python -m worker`: engines and RQ workers
- `engines`: one engine for each bundle on each device, with its RQ workers
- `metrics`: the figures of the engines, for Prometheus
- `supervisor`: a child process that is replaced when it dies
- `config`: environment variables
- `doctor`: `python -m worker.doctor`: checks a worker's machine
- `queue/`: the contract with the bot, all of it in Redis
- `jobs/`: the job of a request, and RQ's worker
- `engine/`: the process that owns a model
"""
