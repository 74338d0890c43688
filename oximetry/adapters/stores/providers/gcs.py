"""Google Cloud Storage."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from oximetry.adapters.stores.provider import Endpoint, S3Provider


class Gcs(S3Provider):
    """The XML interface with HMAC keys.

    Google lets the stored Content-Disposition win over the one of a signed URL, and ignores If-None-Match.
    """

    model_config = SettingsConfigDict(env_prefix="GCS_")
    name: ClassVar[str] = "gcs"
    title: ClassVar[str] = "Google Cloud Storage"
    flag: ClassVar[str] = "enabled"
    stored_disposition: ClassVar[bool] = False

    enabled: bool = Field(
        default=False,
        validation_alias="RUNNING_IN_CLOUD",
        description="chooses Google's when `STORAGE_PROVIDER` is not set",
    )
    bucket_name: str = Field(default="", description="the bucket")
    endpoint: Endpoint = Field(default="https://storage.googleapis.com", description="Google's own")
    access_key_id: str = Field(default="", description="of an HMAC key")
    secret_access_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="GCS_SECRET", description="of the same key"
    )
