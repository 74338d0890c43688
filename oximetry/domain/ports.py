"""What the services need from the world, as protocols; the adapters implement them.

Times named ``*_at`` are naive: wall clock of the device for a recording, UTC for everything of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oximetry.domain.device_report import DeviceReport
from oximetry.domain.report_curve import ReportCurve


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object in the store.

    Attributes
    ----------
    key : str
        Full key, ASCII, ``/`` between parts.
    size : int
        Bytes.
    etag : str
        Lower-case hex MD5 of the content (the store's own ETag without quotes).
    modified_at : float
        Unix time in seconds; when it was last written, by the store's clock.
    """

    key: str
    size: int
    etag: str
    modified_at: float


class ObjectStore(Protocol):
    """A flat store of immutable objects under unique keys.

    Every method raises ``StorageUnavailable`` for an outage (time-out, refused connection, 5xx, 429) and
    ``StorageRefused`` for a refusal (401, 403, no such bucket); neither is ever reported as an absent object.
    A key that is empty, not ASCII, longer than 1024 bytes, starts with ``/`` or holds an empty part, ``.``, ``..``, a
    backslash or a control character is a ``ValueError`` before anything is sent.
    """

    @property
    def origin(self) -> str | None:
        """Scheme, host and port of the signed URLs; ``None`` when they are on our own host."""
        ...

    def put(self, key: str, content: bytes, *, content_type: str, filename: str | None = None) -> StoredObject:
        """Write an object and verify what was written (size and MD5); overwriting with equal bytes is a success.

        ``filename`` becomes the stored Content-Disposition (attachment); ASCII only.
        """
        ...

    def get(self, key: str) -> bytes:
        """The whole content; raises ``NotFound``."""
        ...

    def stat(self, key: str) -> StoredObject:
        """Size, ETag and time of one object; raises ``NotFound``."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; removing an absent one is a success."""
        ...

    def purge(self, prefix: str) -> None:
        """Remove every object whose key starts with ``prefix`` (not empty), and every earlier version of them."""
        ...

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[StoredObject]:
        """Objects whose key starts with ``prefix`` and sorts behind ``after``, in key order, page by page."""
        ...

    def url(self, key: str, *, expires_s: int, filename: str, content_type: str, inline: bool = False) -> str:
        """A signed URL for a GET, good for ``expires_s`` (1-3600) seconds; made without a network call."""
        ...


class Staging(Protocol):
    """A doctor's working space in the store."""

    def save_file(self, content: bytes, name: str, session: str, content_type: str | None = None) -> str:
        """Keep a file of a session; returns its key. Errors as in `ObjectStore.put`."""
        ...


class ReadReport(Protocol):
    """What was read from a vendor's report."""

    @property
    def report(self) -> DeviceReport:
        """The printed numbers."""
        ...

    @property
    def curve(self) -> ReportCurve | None:
        """The curve of its picture, where there is a coloured one."""
        ...


class ReportReader(Protocol):
    """Reads vendors' PDF reports; raises ``InvalidUpload``, or ``ReadingUnavailable`` without an engine."""

    def read(self, content: bytes, owner: str = "") -> ReadReport:
        """Numbers and curve; an owner whose refused files cost much waits, as ``ReadingInterrupted``."""
        ...

    def painted(self, content: bytes) -> bytes:
        """A PDF with the cells of name, age and sex painted over; the same bytes every time."""
        ...

    def preview(self, content: bytes) -> bytes:
        """A PNG of the first page."""
        ...

    def close(self) -> None:
        """Let go of what reads."""
        ...


class OwnUrls(Protocol):
    """Signed URLs on our own host, for what we serve ourselves."""

    def url(self, key: str, *, expires_s: int, filename: str, content_type: str, inline: bool = False) -> str:
        """As `ObjectStore.url`."""
        ...


class StopSign(Protocol):
    """Tells a thread to end; ``threading.Event`` is one."""

    def is_set(self) -> bool:
        """Whether it is time to end."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it, at most so many seconds; returns whether it came."""
        ...


class Ear(Protocol):
    """Hears when there is new work."""

    def listen(self, stopped: StopSign, wake: Callable[[], None]) -> None:
        """Call ``wake`` at every sign of new work until ``stopped``; never raises (who sleeps looks by himself)."""
        ...


class Vault(Protocol):
    """Seals small secrets with a key derived from ``SECRET_KEY``."""

    def seal(self, secret: str) -> bytes:
        """Encrypted and authenticated."""
        ...

    def open(self, sealed: bytes) -> str:
        """The secret; raises ``ConfigurationError`` when it was sealed with another key."""
        ...


class PasswordHasher(Protocol):
    """Turns passwords into hashes that may be stored."""

    def hash(self, password: str) -> str:
        """The hash with its own salt and parameters."""
        ...

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password fits; ``None`` (no such account) costs the same time and is never true."""
        ...


class Clock(Protocol):
    """Our own time."""

    def __call__(self) -> datetime:
        """Naive UTC."""
        ...
