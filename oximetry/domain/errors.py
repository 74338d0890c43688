"""Every error raised on purpose.

An error carries a *reason* (a message key such as ``"no_time_column"``) and details (line numbers, limits), never a
sentence: the web room and the command line turn the key ``error.<reason>`` into words of the reader's language.
Details are shown to people, so they never hold a name, a secret or a signed URL.
"""

from __future__ import annotations

from typing import ClassVar


class OximetryError(Exception):
    """The root of all errors raised on purpose.

    Parameters
    ----------
    reason : str, optional
        Message key without its ``error.`` prefix; the class has a default.
    **details
        Values for the placeholders of the message, and evidence for the log.
    """

    default_reason: ClassVar[str] = "unexpected"

    def __init__(self, reason: str | None = None, **details: object) -> None:
        self.reason = reason or self.default_reason
        self.details = details
        super().__init__(self.reason, details)

    def __str__(self) -> str:
        shown = " ".join(f"{name}={value!r}" for name, value in self.details.items())
        return f"{self.reason} {shown}".rstrip()


class InvalidRecording(OximetryError):
    """The file is not a recording that can be trusted; the sender can act."""

    default_reason = "not_a_recording"


class InvalidUpload(OximetryError):
    """A file or a batch breaks a limit, or is not what it claims to be; the sender can act."""

    default_reason = "upload_refused"


class InvalidRequest(OximetryError):
    """A request cannot be done as asked (wrong state, missing choice); the sender can act."""

    default_reason = "request_refused"


class NotFound(OximetryError):
    """Nothing to show: it is absent, or not this person's."""

    default_reason = "not_found"


class ObjectMissing(NotFound):
    """The store says that it has no such object. It may be wrong for a while: work that needs the object waits."""


class AlreadyExists(OximetryError):
    """The key is taken by other bytes."""

    default_reason = "already_exists"


class LinkRefused(OximetryError):
    """A patient's link that is unknown, malformed or revoked: always the same answer. One whose day is over says so."""

    default_reason = "link_refused"


class PinNeeded(OximetryError):
    """The link has a PIN, and none was given."""

    default_reason = "pin_needed"


class PinRefused(OximetryError):
    """A wrong PIN; ``left`` in the details are the tries that are left, none when the reason is ``link_paused``."""

    default_reason = "pin_wrong"


class SignInRefused(OximetryError):
    """Unknown e-mail, wrong password or disabled account: always the same answer."""

    default_reason = "sign_in_refused"


class TooManyAttempts(OximetryError):
    """Too many tries; ``retry_after_s`` is in the details."""

    default_reason = "too_many_attempts"


class StorageUnavailable(OximetryError):
    """The object store cannot be reached or is failing: try again later."""

    default_reason = "storage_unavailable"


class StorageRefused(OximetryError):
    """The object store answered no (wrong key, no permission, no bucket): trying again does not help."""

    default_reason = "storage_refused"


class CatalogueUnavailable(OximetryError):
    """The database cannot be reached or is locked: try again later."""

    default_reason = "catalogue_unavailable"


class RenderingUnavailable(OximetryError):
    """No browser could draw the picture now: try again later."""

    default_reason = "rendering_unavailable"


class ReadingUnavailable(OximetryError):
    """No engine that reads print is installed here, or its process cannot be started."""

    default_reason = "report_engine_missing"


class ReadingInterrupted(ReadingUnavailable):
    """Reading was stopped by a circumstance (time, memory, a killed process) and not by the content: try again."""

    default_reason = "reading_interrupted"


class ConfigurationError(OximetryError):
    """A setting is missing or wrong; raised at start only, with the setting's name."""

    default_reason = "configuration"


class NotReady(OximetryError):
    """Something else must happen first: try again later."""

    default_reason = "not_ready"


class SyncAborted(OximetryError):
    """Synchronisation stops before it changes anything: what it found does not look like our store or this plan."""

    default_reason = "sync_aborted"


class TemplateRefused(InvalidRequest):
    """A text's placeholder is unknown or does not close; its ``name`` is in the details."""

    default_reason = "placeholder_unknown"


class DraftConflict(InvalidRequest):
    """Another tab saved in between; ``version`` in the details is the one that stands. Nothing was written."""

    default_reason = "draft_conflict"


class NumbersChanged(InvalidRequest):
    """The numbers are others than those the text was written beside; nothing was signed or released."""

    default_reason = "numbers_changed"
