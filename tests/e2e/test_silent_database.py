"""The whole platform on a database that falls silent: it says so, and is well again without a hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.live import running, wait_until
from tests.freezing_proxy import freezing_proxy
from tests.postgres import Postgres

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(400)]

EXIT_OF_A_SILENT_WORKER = 70


def through(proxy_port: int, url: str) -> str:
    return f"postgresql://test@127.0.0.1:{proxy_port}/{url.rpartition('/')[2]}"


def test_web_and_worker_are_ready_again_after_their_connections_died_in_silence(
    tmp_path: Path, postgres: Postgres, empty_postgres: str
) -> None:
    with freezing_proxy(int(postgres.port)) as proxy:
        settings = {"DATABASE_URL": through(proxy.port, empty_postgres), "DATABASE_STATEMENT_TIMEOUT_S": "2"}
        with running(tmp_path / "site", **settings) as site:
            wait_until(lambda: site.answers("/readyz") == 200, 60)
            proxy.fall_silent()
            wait_until(lambda: site.answers("/readyz") == 503, 60)
            proxy.speak_again()
            wait_until(lambda: site.answers("/readyz") == 200, 60)
            assert all(process.poll() is None for process in site.processes.values())


@pytest.mark.faults
def test_a_worker_that_cannot_show_that_it_lives_ends_so_that_a_new_one_starts(
    tmp_path: Path, postgres: Postgres, empty_postgres: str
) -> None:
    with freezing_proxy(int(postgres.port)) as proxy:
        settings = {"DATABASE_URL": through(proxy.port, empty_postgres)}
        with running(tmp_path / "site", **settings) as site:
            wait_until(lambda: site.answers("/readyz") == 200, 60)
            proxy.fall_silent()
            worker = site.processes["worker0"]
            assert worker.wait(120) == EXIT_OF_A_SILENT_WORKER
            proxy.speak_again()
            site.start("worker0")
            wait_until(lambda: site.answers("/readyz") == 200, 90)
