"""Every setting has its default, and every error names its setting."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from oximetry.domain.errors import ConfigurationError
from oximetry.settings import Settings

ROOT = Path(__file__).parents[1]
R2 = {
    "R2_ENABLED": "true",
    "R2_ENDPOINT": "https://account.r2.cloudflarestorage.com",
    "R2_ACCESS_KEY_ID": "id",
    "R2_SECRET_ACCESS_KEY": "secret",
}
B2 = {
    "B2_ENABLED": "true",
    "B2_REGION": "eu-central-003",
    "B2_APPLICATION_KEY_ID": "id",
    "B2_APPLICATION_KEY": "secret",
    "B2_BUCKET_NAME": "nights",
}
PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "Zx7-qpW2_mNb4-RtY9_vLk3-HgF6_dSa",
    "DATABASE_URL": "postgresql://u:p@db/oximetry",
    "PUBLIC_URL": "https://nights.example.org",
    **R2,
}


@pytest.fixture
def load(monkeypatch):
    """``load(NAME="value", …)``: the settings of an environment that holds just these."""

    def load_it(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return Settings.load()

    return load_it


def refused(load, **environment):
    with pytest.raises(ConfigurationError) as caught:
        load(**environment)
    return caught.value.details["setting"]


def test_defaults_are_a_laptop(load):
    settings = load()
    assert settings.provider == "local"
    assert settings.base_url == "http://127.0.0.1:8050"
    assert settings.catalogue_url == f"sqlite:///{Path('data').resolve()}/catalogue.sqlite"
    assert (settings.database_statement_timeout_s, settings.database_connect_timeout_s) == (10, 5)
    assert (settings.upload_max_file_mb, settings.upload_max_files, settings.upload_max_batch_mb) == (10, 500, 200)
    assert (settings.signed_url_ttl_s, settings.trusted_proxies, settings.production) == (300, 0, False)
    assert settings.stores["r2"].value("bucket_name") == "pulsoximetrie-files"


def test_port_moves_the_default_public_url(load):
    assert load(PORT="9001").base_url == "http://127.0.0.1:9001"


def test_public_url_loses_its_last_slash(load):
    assert load(PUBLIC_URL="https://nights.example.org/").base_url == "https://nights.example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "staging"),
        ("PORT", "0"),
        ("PORT", "eight"),
        ("TRUSTED_PROXIES", "-1"),
        ("UPLOAD_MAX_FILE_MB", "0"),
        ("UPLOAD_MAX_FILES", "many"),
        ("UPLOAD_MAX_BATCH_MB", "-5"),
        ("SIGNED_URL_TTL_S", "3601"),
        ("STORAGE_PROVIDER", "dropbox"),
        ("STORAGE_TRANSITION", "sideways"),
        ("DATABASE_URL", "mysql://db/x"),
        ("DATABASE_STATEMENT_TIMEOUT_S", "0"),
        ("PUBLIC_URL", "nights.example.org"),
        ("R2_ENDPOINT", "http://account.r2.cloudflarestorage.com"),
        ("S3_ENDPOINT", "http://10.0.0.1:9000"),
        ("S3_ENDPOINT", "https://"),
        ("R2_ENABLED", "perhaps"),
    ],
)
def test_a_wrong_value_is_refused_by_name(load, name, value):
    assert refused(load, **{name: value}) == name


@pytest.mark.parametrize("name", ["R2_SECRET_KEY", "UPLOAD_MAX_MB", "STORAGE_PROVIDERS", "S3_BUCKET"])
def test_an_unknown_setting_is_refused_by_name(load, name):
    assert refused(load, **{name: "x"}) == name


def test_an_empty_value_is_no_value(load):
    assert load(PUBLIC_URL="", STORAGE_PROVIDER="").provider == "local"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"])
def test_http_is_fine_on_the_loopback(load, endpoint):
    given = {"S3_ACCESS_KEY_ID": "id", "S3_SECRET_ACCESS_KEY": "s", "S3_BUCKET_NAME": "b", "STORAGE_PROVIDER": "s3"}
    assert load(S3_ENDPOINT=endpoint, **given).provider == "s3"


def test_one_flag_chooses_the_provider(load):
    assert load(**R2).provider == "r2"


def test_two_flags_without_a_choice_are_refused_and_both_named(load):
    with pytest.raises(ConfigurationError) as caught:
        load(**R2, **B2)
    assert caught.value.details["setting"] == "STORAGE_PROVIDER"
    assert {"R2_ENABLED", "B2_ENABLED"} <= set(caught.value.details["problem"].split(" + "))


def test_two_flags_with_a_choice_are_fine(load):
    assert load(**R2, **B2, STORAGE_PROVIDER="b2").provider == "b2"


@pytest.mark.parametrize("name", ["R2_ENDPOINT", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"])
def test_a_missing_storage_setting_is_named(load, name):
    assert refused(load, **{key: value for key, value in R2.items() if key != name}) == name


def test_store_values_are_those_of_the_active_provider(load):
    values = load(**R2, SECRET_KEY="k" * 32).store_values(patience="worker")
    assert values["provider"] == "r2"
    assert values["endpoint"] == R2["R2_ENDPOINT"]
    assert (values["bucket"], values["region"], values["patience"]) == ("pulsoximetrie-files", "auto", "worker")


def test_b2_endpoint_comes_from_its_region(load):
    values = load(**B2, SECRET_KEY="k" * 32).store_values()
    assert values["endpoint"] == "https://s3.eu-central-003.backblazeb2.com"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_accepted(load, scheme):
    settings = load(DATABASE_URL=f"{scheme}://u:p@db:5432/oximetry")
    assert settings.catalogue_url == "postgresql+psycopg://u:p@db:5432/oximetry"


def test_production_with_everything_starts(load):
    assert load(**PRODUCTION).production


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "PUBLIC_URL"])
def test_production_has_no_defaults(load, name):
    assert refused(load, **{key: value for key, value in PRODUCTION.items() if key != name}) == name


def test_production_refuses_a_short_secret(load):
    assert refused(load, **{**PRODUCTION, "SECRET_KEY": "k" * 31}) == "SECRET_KEY"


@pytest.mark.parametrize("key", ["k" * 40, "secret-key-" * 4, "abcabcabd" * 4, "12345678" * 5, "aabbccddee" * 3 + "ab"])
def test_production_refuses_a_key_that_repeats_itself(load, key):
    with pytest.raises(ConfigurationError) as caught:
        load(**PRODUCTION | {"SECRET_KEY": key})
    assert caught.value.details["setting"] == "SECRET_KEY"


@pytest.mark.parametrize("address", ["http://nights.example.org", "http://203.0.113.9:8050"])
def test_production_refuses_an_address_without_https(load, address):
    with pytest.raises(ConfigurationError) as caught:
        load(**PRODUCTION | {"PUBLIC_URL": address})
    assert caught.value.details["setting"] == "PUBLIC_URL"
    assert load(**PRODUCTION | {"PUBLIC_URL": "http://127.0.0.1:8050"}).production


def test_production_does_not_fall_back_to_a_folder(load):
    assert refused(load, **{key: value for key, value in PRODUCTION.items() if key not in R2}) == "STORAGE_PROVIDER"


def test_secrets_do_not_show(load):
    assert "very-secret" not in repr(load(**{**R2, "R2_SECRET_ACCESS_KEY": "very-secret"}).stores["r2"])


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("PORT=9100\nSIGNED_URL_TTL_S=60\n")
    monkeypatch.setenv("PORT", "9200")
    settings = Settings.load(_env_file=tmp_path / ".env")
    assert (settings.port, settings.signed_url_ttl_s) == (9200, 60)


def test_the_development_secret_is_made_once_for_its_owner_alone(load, tmp_path):
    settings = load(DATA_DIR=str(tmp_path / "data"))
    first = settings.secret()
    kept = tmp_path / "data" / "secret_key"
    assert first == Settings.load().secret() == kept.read_text()
    assert len(first) >= 43
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


def test_processes_at_once_get_the_same_secret(tmp_path):
    script = "from oximetry.settings import Settings; print(Settings.load().secret())"
    environment = {"DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    secrets = {process.communicate(timeout=60)[0] for process in started}
    assert len(secrets) == 1
    assert len(secrets.pop().strip()) >= 43


@pytest.mark.parametrize(
    ("given", "base_url"),
    [
        ("https://Clinic.Example/", "https://clinic.example"),
        ("https://clinic.example:443", "https://clinic.example"),
        ("http://127.0.0.1:8050", "http://127.0.0.1:8050"),
        ("https://clinic.example:8443", "https://clinic.example:8443"),
    ],
)
def test_the_public_url_is_compared_as_browsers_write_it(given, base_url, tmp_path) -> None:
    assert Settings.load(_env_file=None, data_dir=tmp_path, public_url=given).base_url == base_url


@pytest.mark.parametrize(
    "given", ["https://clinic.example/app", "https://clinic.example?x", "https://a@clinic.example"]
)
def test_a_public_url_with_more_than_a_host_is_refused(given, tmp_path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Settings.load(_env_file=None, data_dir=tmp_path, public_url=given)
    assert refused.value.details["setting"] == "PUBLIC_URL"


@pytest.mark.parametrize("state", ["write_both", "read_new"])
def test_a_move_needs_another_store_with_all_its_settings(load, state):
    assert refused(load, **R2, STORAGE_TRANSITION=state) == "STORAGE_PREVIOUS"
    assert refused(load, **R2, STORAGE_TRANSITION=state, STORAGE_PREVIOUS="r2") == "STORAGE_PREVIOUS"
    assert refused(load, **R2, STORAGE_TRANSITION=state, STORAGE_PREVIOUS="s3") == "S3_ENDPOINT"
    moving = load(**R2, STORAGE_TRANSITION=state, STORAGE_PREVIOUS="local")
    assert (moving.provider, moving.in_transition) == ("r2", True)
    assert moving.store_values(provider="local")["provider"] == "local"


@pytest.mark.parametrize("state", ["off", "new_only"])
def test_outside_a_move_the_previous_store_is_not_asked_for(load, state):
    assert not load(**R2, STORAGE_TRANSITION=state, STORAGE_PREVIOUS="s3").in_transition


def test_a_setting_of_before_that_is_still_set_is_told(load, monkeypatch):
    assert load().removed() == []
    monkeypatch.setenv("QUEUE_URL", "redis://queue")
    assert load().removed() == ["QUEUE_URL"]


def test_the_example_names_settings_that_exist():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {
        line.removeprefix("# ").partition("=")[0] for line in lines if "=" in line and not line.startswith("# Copy")
    }
    assert named
    assert named <= Settings.names()
