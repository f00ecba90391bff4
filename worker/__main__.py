"""`python -m worker`: engines, and the RQ workers that hand them requests.

An RQ worker runs one job at a time, and an engine draws several requests at once.  So this process
is one RQ worker and supervises more of them.  (A killed WorkerPool of RQ would leave its workers
behind; it can neither bound the time that they take to stop, nor set their intervals.)
"""

import logging
import os

from emojich_core.errors import SetupError, exit_on
from worker.config import read_engine_configs
from worker.engines import engines
from worker.jobs.health import check_clock
from worker.jobs.rq_worker import exit_on_signals, work
from worker.metrics import registry
from worker.queue.connection import connect
from worker.queue.environment import data_folder, unknown_variables
from worker.queue.logs import start_logging
from worker.queue.metrics_server import read_address, serve
from worker.queue.valkey import redis_url

METRICS = "EMOJICH_WORKER_METRICS"  # where Prometheus reads

log = logging.getLogger("emojich.worker")


def main() -> None:
    """Work until a signal says to stop."""
    exit_on_signals()
    with exit_on(SetupError):
        start_logging()
        for sentence in unknown_variables(os.environ):
            log.warning(sentence)
        address = read_address(os.environ, METRICS)
        configs, errors = read_engine_configs(os.environ)
        for error in errors:
            log.error("%s  The other bundles are served.", error)
        with redis_url(data_folder()) as url:
            connection = connect(url)
            check_clock(connection)
            with engines(configs, url) as started:
                if address:
                    serve(address, METRICS, registry(started.figures))
                first = started.start()
                work(connection, started.terminate, first.serves)


if __name__ == "__main__":
    main()
