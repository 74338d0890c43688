"""A PostgreSQL that falls silent, is locked, read-only or closed: an error in time, and recovery without a hand."""

from threading import Event, Thread

import pytest
from sqlalchemy import make_url, text

from oximetry.adapters.catalogue import catalogue as catalogue_module
from oximetry.adapters.catalogue import waking
from oximetry.adapters.catalogue.catalogue import Catalogue, utc_now
from oximetry.adapters.catalogue.database import Deadlines
from oximetry.domain.errors import CatalogueUnavailable
from tests.freezing_proxy import freezing_proxy

pytestmark = pytest.mark.postgres

SHORT = Deadlines(statement_s=1, connect_s=1)
PATIENCE_S = 60


@pytest.fixture
def proxy(postgres):
    with freezing_proxy(int(postgres.port)) as running:
        yield running


@pytest.fixture
def far(postgres_url, proxy):
    """A catalogue behind a proxy that can fall silent."""
    url = make_url(postgres_url).set(port=proxy.port).render_as_string(hide_password=False)
    made = Catalogue(url, SHORT)
    yield made
    made.dispose()


def last_beat(catalogue):
    with catalogue.read() as transaction:
        return transaction.heartbeats.last("worker")


def last_beat_after(catalogue, act):
    with catalogue.read() as transaction:
        act()
        return transaction.heartbeats.last("worker")


def test_connections_that_fell_silent_are_given_up_and_new_ones_work(far, proxy):
    readers = [far.read() for _ in range(4)]
    for reader in readers:
        reader.__enter__().heartbeats.last("worker")
    for reader in readers:
        reader.__exit__(None, None, None)
    with pytest.raises(CatalogueUnavailable):
        last_beat_after(far, proxy.freeze)
    assert last_beat(far) is None  # the pool found out at its first ping that all of them were dead
    assert far.is_alive()


def test_a_database_that_answers_nobody_is_an_outage_and_then_none(far, proxy):
    assert far.is_alive()
    proxy.fall_silent()
    assert not far.is_alive()
    with pytest.raises(CatalogueUnavailable):
        last_beat(far)
    proxy.speak_again()
    assert far.is_alive()


def test_a_statement_that_takes_too_long_is_an_outage_and_the_connection_lives(far):
    with pytest.raises(CatalogueUnavailable), far.read() as transaction:
        transaction.jobs._connection.execute(text("SELECT pg_sleep(30)"))
    assert far.is_alive()


def test_a_row_that_another_holds_is_not_waited_for_without_end(far):
    with far.write() as first:
        first.heartbeats.beat("worker", utc_now(), True)
    with far.write() as holding:
        holding.heartbeats.beat("worker", utc_now(), True)
        with pytest.raises(CatalogueUnavailable), far.write() as waiting:
            waiting.heartbeats.beat("worker", utc_now(), False)


def test_a_database_that_became_read_only_is_an_outage_for_who_writes(far, postgres, postgres_url):
    name = postgres_url.rpartition("/")[2]
    postgres._do(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    assert last_beat(far) is None
    with pytest.raises(CatalogueUnavailable), far.write() as transaction:
        transaction.heartbeats.beat("worker", utc_now(), True)
    postgres._do(f'ALTER DATABASE "{name}" SET default_transaction_read_only = off')
    far.dispose()
    with far.write() as transaction:
        transaction.heartbeats.beat("worker", utc_now(), True)


def test_a_database_without_room_for_connections_is_an_outage_and_then_none(far, postgres, postgres_url):
    name = postgres_url.rpartition("/")[2]
    postgres._do(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    with pytest.raises(CatalogueUnavailable):
        last_beat(far)
    postgres._do(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert last_beat(far) is None


def test_an_ear_whose_connection_fell_silent_hears_again(far, proxy, postgres_url, monkeypatch):
    monkeypatch.setattr(waking, "LISTEN_S", 0.1)
    monkeypatch.setattr(waking, "DEAF_S", 0.05)
    stopped, heard = Event(), Event()
    listening = Thread(target=far.ear().listen, args=(stopped, heard.set), daemon=True)
    near = Catalogue(postgres_url)
    listening.start()
    assert heard.wait(PATIENCE_S)  # it listens
    heard.clear()
    proxy.freeze()
    assert heard.wait(PATIENCE_S)  # it listens again, on a new connection
    heard.clear()
    with near.write() as transaction:
        transaction.jobs.submit("read_item", "a", "ana", utc_now())
    assert heard.wait(PATIENCE_S)
    stopped.set()
    listening.join(PATIENCE_S)
    near.dispose()


def test_a_database_that_is_away_at_the_start_is_waited_for(far, proxy, monkeypatch):
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            proxy.speak_again()

    monkeypatch.setattr(catalogue_module, "sleep", pause)
    proxy.fall_silent()
    far.wait_until_alive()
    assert pauses == [1.0, 2.0, 4.0]
    far.check()


def test_waiting_at_the_start_has_an_end(far, proxy, monkeypatch):
    seconds = iter(range(0, 10_000, 100))
    monkeypatch.setattr(catalogue_module, "sleep", lambda _seconds: None)
    monkeypatch.setattr(catalogue_module, "monotonic", lambda: next(seconds))
    proxy.fall_silent()
    far.wait_until_alive(250)
    assert next(seconds) <= 500


def test_a_database_that_does_not_exist_is_not_waited_for(postgres, monkeypatch):
    monkeypatch.setattr(catalogue_module, "sleep", lambda _seconds: pytest.fail("waited"))
    absent = Catalogue(postgres.url("nobody_made_it"), SHORT)
    absent.wait_until_alive()
    absent.dispose()
