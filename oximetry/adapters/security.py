"""Passwords (argon2), sealed secrets (Fernet) and sealed backups (AES-SIV), each from a kept library."""

from __future__ import annotations

import base64
from threading import BoundedSemaphore

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from oximetry.domain.errors import ConfigurationError, StorageRefused

MEMORY_KIB = 19 * 1024
PARALLEL_HASHES = 2


def derive_key(secret_key: str, purpose: str) -> bytes:
    """32 bytes for one purpose, from ``SECRET_KEY`` (HKDF-SHA-256, RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=f"oximetry/{purpose}".encode()).derive(secret_key.encode())


class Argon2Hasher:
    """argon2id with 19 MiB, t = 2, p = 1 (OWASP's first choice); at most two at once, to bound memory.

    Implements ``ports.PasswordHasher``.
    """

    def __init__(self) -> None:
        self._argon2 = Argon2(time_cost=2, memory_cost=MEMORY_KIB, parallelism=1)
        self._slots = BoundedSemaphore(PARALLEL_HASHES)
        self._nobody = self._argon2.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """The hash with its own salt and parameters."""
        with self._slots:
            return self._argon2.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password fits; no account costs one verification too."""
        with self._slots:
            try:
                fits = self._argon2.verify(password_hash or self._nobody, password)
            except (VerificationError, InvalidHashError):
                return False
        return fits and password_hash is not None


class FernetVault:
    """AES-128-CBC with HMAC-SHA-256 under a key derived from ``SECRET_KEY``; implements ``ports.Vault``.

    What the key before sealed opens too, while that key is given.
    """

    def __init__(self, secret_key: str, previous: str | None = None) -> None:
        keys = [secret_key, previous] if previous else [secret_key]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(derive_key(key, "vault"))) for key in keys])

    def seal(self, secret: str) -> bytes:
        """Encrypted and authenticated."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret; raises ``ConfigurationError`` when ``SECRET_KEY`` is not the one it was sealed with."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise ConfigurationError(setting="SECRET_KEY", problem="not the key that sealed this secret") from error


class BackupSealer:
    """AES-256-SIV (RFC 5297) under a key derived from ``BACKUP_KEY``; implements ``backup_ports.Sealer``.

    It needs no nonce: equal content under one name is sealed to equal bytes, so that writing it again is a success, and
    two contents never share what a repeated nonce would give away.
    """

    def __init__(self, backup_key: str) -> None:
        wide = HKDF(SHA256(), 64, salt=None, info=b"oximetry/backup").derive(backup_key.encode())
        self._cipher = AESSIV(wide)

    def seal(self, content: bytes, name: str) -> bytes:
        """Encrypted and authenticated, the name too; an empty content is allowed."""
        return self._cipher.encrypt(b"\x01" + content, [name.encode()])

    def open(self, sealed: bytes, name: str) -> bytes:
        """The content; raises ``StorageRefused`` for another key, another name, or a changed byte."""
        try:
            return self._cipher.decrypt(sealed, [name.encode()])[1:]
        except (InvalidTag, ValueError) as error:
            raise StorageRefused("backup_sealed_otherwise") from error
