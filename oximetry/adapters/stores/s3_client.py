"""How an S3 server is spoken to: the settings of one bucket, and the boto3 client made from them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import boto3
import botocore.session
from botocore import handlers
from botocore.config import Config
from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

from oximetry.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_ENDPOINT: Final = re.compile(r"https?://([\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?/?", re.ASCII | re.IGNORECASE)
_KEY: Final = re.compile(r"[!-~]+")
_FORMS: Final = {
    "access_key_id": _KEY,
    "secret_access_key": _KEY,
    "bucket": re.compile(r"[a-zA-Z0-9._-]{3,255}"),
    "region": re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"),
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take: at worst about ``attempts * (connect_s + read_s)`` and a pause between attempts."""

    connect_s: float
    read_s: float
    attempts: int


INTERACTIVE: Final = Patience(connect_s=3, read_s=8, attempts=2)
WORKER: Final = Patience(connect_s=3, read_s=20, attempts=3)
CHECK: Final = Patience(connect_s=2, read_s=3, attempts=1)
PATIENCES: Final = {"interactive": INTERACTIVE, "worker": WORKER, "check": CHECK}


@dataclass(frozen=True, slots=True)
class S3Traits:
    """What a provider can do.

    Attributes
    ----------
    conditional_put : bool
        ``If-None-Match: *`` is honoured. Without it an existing object is looked for before a put, which leaves a gap
        of one round trip for two writers of different bytes.
    stored_disposition : bool
        The Content-Disposition of a signed URL wins over the one stored with the object. Without it none is stored.
    """

    conditional_put: bool = False
    stored_disposition: bool = True


@dataclass(frozen=True, slots=True)
class S3Config:
    """One bucket on one server.

    Attributes
    ----------
    endpoint : str
        ``https://host[:port]``, without bucket or path.
    region : str
        Part of every signature; ``auto`` for R2.

    Raises
    ------
    ConfigurationError
        Reason ``storage_endpoint`` for an endpoint that is not scheme and host, ``storage_setting_invalid`` for a key
        id, secret, bucket or region that is empty or holds a blank; ``name`` tells which.
    """

    endpoint: str
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    bucket: str
    region: str = "auto"
    patience: Patience = WORKER
    traits: S3Traits = S3Traits()
    max_connections: int = 32

    def __post_init__(self) -> None:
        known = (is_valid_endpoint_url, is_valid_ipv6_endpoint_url)
        if not _ENDPOINT.fullmatch(self.endpoint) or not any(accepts(self.endpoint) for accepts in known):
            raise ConfigurationError("storage_endpoint", name="endpoint")
        for name, form in _FORMS.items():
            if not form.fullmatch(getattr(self, name)):
                raise ConfigurationError("storage_setting_invalid", name=name)


def make_client(config: S3Config) -> S3Client:
    """A client that keeps to what every provider has; making it sends nothing."""
    # The settings are the only configuration: nothing may come from a file or a profile of the machine.
    nowhere = (None, None, os.devnull, None)
    core = botocore.session.Session(
        session_vars={"profile": (None, None, None, None), "config_file": nowhere, "credentials_file": nowhere}
    )
    options = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "total_max_attempts": config.patience.attempts},
        connect_timeout=config.patience.connect_s,
        read_timeout=config.patience.read_s,
        max_pool_connections=config.max_connections,
        tcp_keepalive=True,
    )
    client: S3Client = boto3.session.Session(botocore_session=core).client(
        "s3",
        endpoint_url=config.endpoint,
        region_name=config.region,
        aws_access_key_id=config.access_key_id,
        aws_secret_access_key=config.secret_access_key,
        config=options,
    )
    # Servers that never answer "100 Continue" cost a second per put, and a put refused early hangs the next one.
    client.meta.events.unregister("before-call.s3", handlers.add_expect_header)
    return client
