"""``python -m benchmarks.queue_measure``: the queue with a million waiting jobs, on SQLite and PostgreSQL."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from oximetry.adapters.catalogue.catalogue import Catalogue
from oximetry.adapters.catalogue.database import Deadlines

JOBS = 1_000_000
OWNERS = 500
TRIES = 200
NOW = datetime(2026, 3, 1)

NUMBERS = {
    "sqlite": f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {JOBS - 1})",
    "postgresql": f"WITH n(i) AS (SELECT generate_series(0, {JOBS - 1}))",
}
ROWS = (
    "INSERT INTO jobs (id, name, subject, owner, priority, is_click, turn, cost_ms, state, attempts, crashes, again,"
    " resting, not_before, created_at) {numbers} SELECT CAST(i AS VARCHAR(36)), 'read_item', CAST(i AS VARCHAR(36)),"
    f" CAST(i - (i / {OWNERS}) * {OWNERS} AS VARCHAR(36)), 0, false, (i / {OWNERS}) * 40, 40, 'waiting', 0, 0, false,"
    " false, '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM n"
)


def fill(catalogue: Catalogue) -> None:
    """A million files of five hundred doctors wait to be read."""
    engine = catalogue._engine
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(ROWS.format(numbers=NUMBERS[engine.dialect.name]))
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("ANALYZE jobs")


def spent_ms(act: Callable[[int], object]) -> str:
    """Median and 95th of some tries, in milliseconds."""
    times = []
    for number in range(TRIES):
        began = time.perf_counter()
        act(number)
        times.append(1000 * (time.perf_counter() - began))
    times.sort()
    return f"{times[TRIES // 2]:.2f} / {times[int(TRIES * 0.95)]:.2f} ms"


def measure(url: str) -> None:
    """Print p50 / p95 of what is asked of the queue all day."""
    catalogue = Catalogue(url, Deadlines(statement_s=300))
    catalogue.migrate()
    fill(catalogue)
    print(f"{catalogue._engine.dialect.name}, {JOBS} jobs of {OWNERS} owners wait (p50 / p95):")

    def claim(number: int) -> None:
        with catalogue.write() as transaction:
            assert transaction.jobs.claim(f"w{number % 2}", NOW, timedelta(seconds=14)) is not None

    def submit(number: int) -> None:
        with catalogue.write() as transaction:
            transaction.jobs.submit("read_item", f"new{number}", "newcomer", NOW)

    def ask(question: str) -> Callable[[int], object]:
        def asked(_number: int) -> object:
            with catalogue.read() as transaction:
                return getattr(transaction.jobs, question)(*([NOW] if question == "has_due" else []))

        return asked

    print(f"  a job asked for, committed: {spent_ms(submit)}")
    print(f"  a job claimed, committed:   {spent_ms(claim)}")
    for question in ("has_due", "counts", "oldest_waiting"):
        print(f"  {question}: {spent_ms(ask(question))}")
    catalogue.dispose()


def main() -> None:
    """Both databases; PostgreSQL's own URL may be given."""
    with tempfile.TemporaryDirectory() as folder:
        measure(f"sqlite:///{Path(folder) / 'catalogue.sqlite'}")
    from tests.postgres import Postgres

    server = Postgres.start()
    try:
        measure(sys.argv[1] if len(sys.argv) > 1 else server.database())
    finally:
        server.stop()


if __name__ == "__main__":
    main()
