"""Tables beside ``doctors``: known browsers, links of one time, recovery codes, passkeys."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, LargeBinary, String, Table

from oximetry.adapters.catalogue.tables import metadata


def _doctor() -> Column[str]:
    return Column("doctor_id", String(36), ForeignKey("doctors.id"), nullable=False, index=True)


known_browsers = Table(
    "known_browsers",
    metadata,
    Column("id", String(36), primary_key=True),
    _doctor(),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("browser", String(40), nullable=False),
    Column("network", String(64), nullable=False),
    Column("first_seen_at", DateTime, nullable=False),
    Column("last_seen_at", DateTime, nullable=False),
    Column("told_at", DateTime),
)

account_links = Table(
    "account_links",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("email", String(254), nullable=False),
    Column("role", String(20), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("created_by", String(36)),
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("used_at", DateTime),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("id", String(36), primary_key=True),
    _doctor(),
    Column("code_sha256", String(64), nullable=False),
    Column("used_at", DateTime),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(36), primary_key=True),
    _doctor(),
    Column("credential_id", String(1400), nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(60), nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("last_used_at", DateTime),
)
