"""A provider is one file: its settings, help, docs and contract test follow from it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from oximetry.__main__ import main
from oximetry.adapters.stores import providers
from oximetry.adapters.stores.providers_page import providers_page
from oximetry.domain.errors import ConfigurationError
from oximetry.settings import Settings

ROOT = Path(__file__).parents[2]
# DESIGN §4: operators have these in their environments
NAMES = {
    "local": "STORAGE_PATH",
    "r2": "R2_ENABLED R2_ENDPOINT R2_ACCESS_KEY_ID R2_SECRET_ACCESS_KEY R2_BUCKET_NAME R2_REGION",
    "b2": "B2_ENABLED B2_REGION B2_ENDPOINT B2_APPLICATION_KEY_ID B2_APPLICATION_KEY B2_BUCKET_NAME",
    "gcs": "RUNNING_IN_CLOUD GCS_BUCKET_NAME GCS_ENDPOINT GCS_ACCESS_KEY_ID GCS_SECRET",
    "s3": "S3_ENDPOINT S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY S3_BUCKET_NAME S3_REGION",
}
MADE_UP = """
from typing import ClassVar
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict
from oximetry.adapters.stores.provider import Endpoint, S3Provider

class MadeUp(S3Provider):
    model_config = SettingsConfigDict(env_prefix="MADE_UP_")
    name: ClassVar[str] = "made_up"
    title: ClassVar[str] = "A store of tomorrow"
    flag: ClassVar[str] = "enabled"
    enabled: bool = Field(default=False, description="chooses it")
    endpoint: Endpoint = Field(default="https://made.up", description="its address")
    access_key_id: str = Field(default="", description="a key")
    secret_access_key: SecretStr = Field(default=SecretStr(""), description="the same key")
    bucket_name: str = Field(default="", description="the bucket")
"""


def test_the_names_that_operators_use_stay() -> None:
    found = {name: {kind.setting(field) for field in kind.model_fields} for name, kind in providers.PROVIDERS.items()}
    assert found == {name: set(settings.split()) for name, settings in NAMES.items()}


def test_every_name_reaches_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    for settings in NAMES.values():
        for name in settings.split():
            is_flag = name.endswith("_ENABLED") or name == "RUNNING_IN_CLOUD"
            prefix = "https://host/" if name.endswith("ENDPOINT") else ""
            monkeypatch.setenv(name, "true" if is_flag else f"{prefix}{name.lower()}")
    monkeypatch.setenv("STORAGE_PROVIDER", "s3")
    stores = Settings.load(_env_file=None).stores
    assert stores["local"].value("path") == "storage_path"
    for name, key_id, secret in (
        ("r2", "r2_access_key_id", "r2_secret_access_key"),
        ("b2", "b2_application_key_id", "b2_application_key"),
        ("gcs", "gcs_access_key_id", "gcs_secret"),
        ("s3", "s3_access_key_id", "s3_secret_access_key"),
    ):
        assert stores[name].connection() == {
            "endpoint": f"https://host/{name}_endpoint",
            "access_key_id": key_id,
            "secret_access_key": secret,
            "bucket": f"{name}_bucket_name",
            "region": "auto" if name == "gcs" else f"{name}_region",
        }
    assert [name for name, store in stores.items() if store.is_enabled] == ["b2", "gcs", "r2"]


@pytest.mark.parametrize(
    ("provider", "name"),
    [(provider, name) for provider in ("r2", "b2", "gcs", "s3") for name in NAMES[provider].split()],
)
def test_a_setting_that_a_provider_cannot_do_without_is_named(
    provider: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_default = ("R2_BUCKET_NAME", "R2_REGION", "B2_ENDPOINT", "GCS_ENDPOINT", "S3_REGION", "RUNNING_IN_CLOUD")
    for setting in NAMES[provider].split():
        if setting != name and not setting.endswith("_ENABLED"):
            monkeypatch.setenv(setting, "true" if setting == "RUNNING_IN_CLOUD" else "https://host/x")
    monkeypatch.setenv("STORAGE_PROVIDER", provider)
    if name in has_default or name.endswith("_ENABLED"):
        assert Settings.load(_env_file=None).provider == provider
        return
    with pytest.raises(ConfigurationError) as missing:
        Settings.load(_env_file=None)
    assert missing.value.details == {"setting": name, "problem": "missing"}


def test_the_page_about_providers_is_what_they_say_of_themselves() -> None:
    page = (ROOT / "docs" / "storage-providers.md").read_text(encoding="utf-8")
    assert page == providers_page()
    assert all(f"`{name}`" in page for settings in NAMES.values() for name in settings.split())


def test_the_help_names_each_providers_settings() -> None:
    shown = " ".join(CliRunner().invoke(main, ["storage", "check", "--help"]).output.split())
    for settings in NAMES.values():
        assert all(name in shown for name in settings.split())


def test_a_new_provider_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up.py").write_text(MADE_UP)
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    found = providers._found()
    monkeypatch.delitem(sys.modules, "oximetry.adapters.stores.providers.made_up")
    assert found.keys() == {*NAMES, "made_up"}
    for module in ("oximetry.settings", "oximetry.adapters.stores.providers_page"):
        monkeypatch.setattr(f"{module}.PROVIDERS", found)
    assert "## `made_up`: A store of tomorrow\n" in providers_page()
    monkeypatch.setenv("MADE_UP_ENABLED", "true")
    with pytest.raises(ConfigurationError, match="MADE_UP_ACCESS_KEY_ID"):
        Settings.load(_env_file=None)
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "BUCKET_NAME"):
        monkeypatch.setenv(f"MADE_UP_{name}", name)
    assert Settings.load(_env_file=None).store_values()["endpoint"] == "https://made.up"
