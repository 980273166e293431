"""Prefect's worker of a service: ``python -m flows.service.worker NAME``."""

import sys

from prefect.workers.process import ProcessWorker

from flows.service.health import POOL


def main() -> None:
    """Work until the process is asked to end."""
    import asyncio

    worker = ProcessWorker(POOL, name=sys.argv[1], create_pool_if_not_found=False)
    asyncio.run(worker.start())


if __name__ == "__main__":
    main()
