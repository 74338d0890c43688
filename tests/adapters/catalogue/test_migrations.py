import subprocess
import sys
from datetime import datetime, timedelta
from functools import partial

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from oximetry.adapters.catalogue import migrating
from oximetry.adapters.catalogue.catalogue import Catalogue
from oximetry.adapters.catalogue.migrating import MIGRATIONS
from oximetry.adapters.catalogue.tables import metadata
from oximetry.domain.errors import ConfigurationError
from tests.factories import BOTH_DATABASES, Clinic


@pytest.fixture(params=BOTH_DATABASES)
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.sqlite"
    return request.getfixturevalue("empty_postgres")


@pytest.fixture
def empty(empty_url):
    catalogue = Catalogue(empty_url)
    yield catalogue
    catalogue.dispose()


MIGRATE = """
import sys
from oximetry.adapters.catalogue import migrating
from oximetry.adapters.catalogue.catalogue import Catalogue
catalogue = Catalogue(sys.argv[1])
catalogue.migrate()
catalogue.check()
"""


def test_migrations_make_exactly_the_tables_of_the_code(catalogue):
    with catalogue._engine.connect() as connection:
        found = {name for name in inspect(connection).get_table_names() if name != "alembic_version"}
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert found == set(metadata.tables)


def test_partial_unique_indexes_are_partial_after_migrating(catalogue):
    option = f"{catalogue._engine.dialect.name}_where"
    with catalogue._engine.connect() as connection:
        inspector = inspect(connection)
        indexes = {index["name"]: index for table in metadata.tables for index in inspector.get_indexes(table)}
    for name in ("uq_jobs_open", "uq_patient_links_live", "uq_upload_items_content"):
        assert indexes[name]["unique"]
        assert indexes[name]["dialect_options"][option] is not None


def test_database_without_migrations_stops_the_start_with_the_settings_name(empty):
    with pytest.raises(ConfigurationError) as refused:
        empty.check()
    assert refused.value.details["setting"] == "DATABASE_URL"
    assert f"needed {migrating.newest()}" in refused.value.details["problem"]


def test_database_that_does_not_answer_stops_the_start(tmp_path):
    catalogue = Catalogue(f"sqlite:///{tmp_path}/absent/folder.sqlite")
    with pytest.raises(ConfigurationError):
        catalogue.check()
    assert not catalogue.is_alive()


def test_postgresql_that_does_not_answer_stops_the_start():
    catalogue = Catalogue("postgresql+psycopg://test@127.0.0.1:1/test")
    with pytest.raises(ConfigurationError):
        catalogue.check()
    assert not catalogue.is_alive()


def test_migrating_twice_changes_nothing(empty):
    empty.migrate()
    empty.migrate()
    empty.check()
    assert empty.is_alive()


def test_processes_migrating_at_the_same_time_all_find_it_done(empty_url):
    command = [sys.executable, "-c", MIGRATE, empty_url]
    running = [subprocess.Popen(command, cwd=MIGRATIONS.parent) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]


def test_sqlite_keeps_its_promises(sqlite_url):
    catalogue = Catalogue(sqlite_url)
    with catalogue._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1}
    catalogue.dispose()


def test_sqlite_reader_sees_one_moment_while_another_writes(sqlite_url):
    catalogue = Catalogue(sqlite_url)
    now = datetime(2026, 3, 1)
    with catalogue.read() as before:
        assert before.heartbeats.last("worker") is None
        with catalogue.write() as writing:
            writing.heartbeats.beat("worker", now, True)
        assert before.heartbeats.last("worker") is None
    with catalogue.read() as after:
        assert after.heartbeats.last("worker") == (now, True)
    catalogue.dispose()


def move_to(catalogue, revision, step=command.upgrade):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with catalogue._engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        step(config, revision)


def test_the_second_migration_keeps_the_patients_of_the_first(empty):
    to = partial(move_to, empty)
    to("0001")
    with empty._engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO doctors (id, email, password_hash, role, created_at)"
            " VALUES ('d', 'ana@clinic.ro', 'x', 'doctor', '2026-01-01')"
        )
        connection.exec_driver_sql(
            "INSERT INTO patients (id, doctor_id, number, created_at) VALUES ('p', 'd', 1, '2026-01-01')"
        )
    to("head")
    with empty.read() as transaction:
        assert transaction.patients.get("d", "p").number == 1
    to("0001", command.downgrade)
    with empty._engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT number FROM patients").scalar() == 1


FILE = "'f', 'b/csvs/a.csv', 'a.csv', 'text/csv', 1, 'aa', 'patient', 'p', '2026-01-01', '2026-01-01'"
COLUMNS = "id, key, name, content_type, size, sha256, reference_type, reference_id, created_at, updated_at"


def test_the_fourth_migration_keeps_files_and_what_points_to_them(empty):
    to = partial(move_to, empty)
    to("0003")
    with empty._engine.connect() as connection, connection.begin():
        for statement in (
            "INSERT INTO doctors (id, email, password_hash, role, created_at)"
            " VALUES ('d', 'ana@clinic.ro', 'x', 'doctor', '2026-01-01')",
            "INSERT INTO patients (id, doctor_id, number, created_at) VALUES ('p', 'd', 1, '2026-01-01')",
            f"INSERT INTO stored_files ({COLUMNS}) VALUES ({FILE})",
            "INSERT INTO device_reports (id, patient_id, file_id, created_at) VALUES ('r', 'p', 'f', '2026-01-01')",
        ):
            connection.exec_driver_sql(statement)
    for revision, step in (("head", command.upgrade), ("0003", command.downgrade), ("head", command.upgrade)):
        to(revision, step)
        with empty._engine.connect() as connection:
            told = "SELECT sha256, file_id FROM stored_files JOIN device_reports ON file_id = stored_files.id"
            assert tuple(connection.exec_driver_sql(told).one()) == ("aa", "f")
    with empty.write() as transaction:
        [file_id] = transaction.compared_files.adopt(
            [{"key": "b/csvs/B.csv", "content_type": "text/csv", "size": 1, "reference_id": ""}], datetime(2026, 1, 2)
        ).values()
        assert transaction.file_list.get(file_id).file.sha256 is None
        assert [row.key for row in transaction.compared_files.rows_after("", 9)] == ["b/csvs/B.csv", "b/csvs/a.csv"]


def test_nights_from_before_the_review_do_not_wait_to_be_reviewed(empty):
    to = partial(move_to, empty)
    to("0008")
    with empty._engine.connect() as connection, connection.begin():
        for doctor, patient in (("d", "p"), ("e", "q")):
            connection.exec_driver_sql(
                "INSERT INTO doctors (id, email, password_hash, role, created_at)"
                f" VALUES ('{doctor}', '{doctor}@clinic.ro', 'x', 'doctor', '2026-01-01')"
            )
            connection.exec_driver_sql(
                "INSERT INTO patients (id, doctor_id, number, created_at)"
                f" VALUES ('{patient}', '{doctor}', 1, '2026-01-01')"
            )
        connection.exec_driver_sql(
            "INSERT INTO recordings (id, patient_id, state, original_sha256, format, started_at, ended_at,"
            " sampling_interval_s, created_at)"
            " VALUES ('n', 'p', 'stored', 'aa', 'x', '2026-01-01', '2026-01-02', 4, '2026-01-01')"
        )
    to("head")
    with empty.read() as transaction:
        assert transaction.profiles.get("d").review_from is not None
        assert transaction.profiles.get("e").review_from is None
    to("0008", command.downgrade)
    to("head")


def test_jobs_that_waited_before_the_queue_took_turns_are_done(empty):
    to = partial(move_to, empty)
    to("0010")
    columns = "id, name, subject, priority, state, attempts, crashes, again, not_before, reason, created_at"
    waiting = (("a", "read_item", 0, "NULL"), ("b", "render_plot", 3, "NULL"), ("c", "store_item", 1, "'away'"))
    with empty._engine.connect() as connection, connection.begin():
        for job_id, name, priority, reason in waiting:
            connection.exec_driver_sql(
                f"INSERT INTO jobs ({columns}) VALUES ('{job_id}', '{name}', 's', {priority}, 'waiting', 1, 0,"
                f" false, '2026-01-01 00:00:00', {reason}, '2026-01-01 00:00:00')"
            )
    to("head")
    with empty.write() as transaction:
        taken = [transaction.jobs.claim("w", datetime(2026, 1, 2), timedelta(seconds=9)) for _ in range(4)]
    assert [job and job.id for job in taken] in (["a", "c", "b", None], ["c", "a", "b", None])
    to("0010", command.downgrade)
    with empty._engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs WHERE state = 'running'").scalar() == 3


def newer_program_was_here(catalogue, oldest=None):
    """A migration of tomorrow, which only adds, has been here."""
    with catalogue._engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN of_tomorrow VARCHAR(9) NOT NULL DEFAULT 'x'")
        connection.exec_driver_sql("CREATE TABLE things_of_tomorrow (id INTEGER)")
        if oldest:
            connection.exec_driver_sql(f"UPDATE schema_range SET oldest = '{oldest}'")


def test_this_version_runs_on_tables_that_a_newer_one_added_to(catalogue):
    newer_program_was_here(catalogue)
    catalogue.check()
    catalogue.migrate()  # as the way back to this version would, before it starts
    clinic = Clinic(catalogue)
    doctor = clinic.doctor()
    night_id = clinic.stored_night(doctor, clinic.patient(doctor))
    with catalogue.read() as transaction:
        assert transaction.nights.get(night_id, doctor.id).device_serial == "9001"
        assert transaction.jobs.counts().get("failed", 0) == 0
    with catalogue._engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"


def test_this_version_does_not_start_on_tables_that_are_not_made_for_it(catalogue):
    newer_program_was_here(catalogue, oldest="9998")
    with pytest.raises(ConfigurationError) as refused:
        catalogue.check()
    assert "migration 9999" in refused.value.details["problem"]


def test_tables_that_are_older_than_this_version_stop_the_start(empty):
    move_to(empty, "0010")
    with pytest.raises(ConfigurationError):
        empty.check()


def test_what_will_be_migrated_is_told_before(empty):
    assert empty.pending_steps()[0] == ("0001", migrating.steps(None)[0][1])
    move_to(empty, "0010")
    assert [revision for revision, purpose in empty.pending_steps()] == [
        revision for revision, _ in migrating.steps("0010")
    ]
    assert all(purpose for _, purpose in migrating.steps(None))
    empty.migrate()
    assert empty.pending_steps() == []


def test_additive_steps_are_taken_back_and_others_are_not(empty):
    empty.migrate()
    assert empty.migrate_down("0010")[-1] == "0011"
    with pytest.raises(ConfigurationError) as refused:
        empty.migrate_down("0009")
    assert "not additive: 0010" in refused.value.details["problem"]
    with pytest.raises(ConfigurationError):
        empty.migrate_down("0010")
    empty.migrate()
    empty.check()
