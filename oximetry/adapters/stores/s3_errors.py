"""What an S3 server or the way to it can answer, turned into our own errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from oximetry.domain.errors import ObjectMissing, OximetryError, StorageRefused, StorageUnavailable

_REFUSED_BY_CODE: Final = {
    "NoSuchBucket": "storage_no_bucket",
    "InvalidBucketName": "storage_no_bucket",
    "InvalidAccessKeyId": "storage_wrong_key",
    "SignatureDoesNotMatch": "storage_wrong_key",
    "Unauthorized": "storage_wrong_key",
    "RequestTimeTooSkewed": "storage_clock_skew",
    "AuthorizationHeaderMalformed": "storage_wrong_region",
    "InvalidRegionName": "storage_wrong_region",
    "PermanentRedirect": "storage_wrong_region",
    "BadDigest": "storage_integrity",
    "InvalidDigest": "storage_integrity",
    "XAmzContentSHA256Mismatch": "storage_integrity",
}
_REFUSED_BY_STATUS: Final = {
    301: "storage_wrong_region",
    401: "storage_wrong_key",
    403: "storage_no_permission",
    404: "storage_no_bucket",
}
_FULL_CODES: Final = {"QuotaExceeded", "InsufficientCapacity", "XMinioStorageFull"}
_LATER_CODES: Final = {"RequestTimeout", "SlowDown", "TooManyRequests", "ServiceUnavailable", "InternalError"}
_LATER_STATUSES: Final = {408, 425, 429}
_SAFE_CODE: Final = re.compile(r"[A-Za-z0-9.]{1,64}")


def status_of(error: ClientError) -> int:
    """The HTTP status of an answer; 0 when the server named none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextmanager
def translated(operation: str, key: str | None = None) -> Iterator[None]:
    """Turn whatever boto3 raises inside into an error of ours, with the cause kept.

    Parameters
    ----------
    operation : str
        Our verb, for the log.
    key : str, optional
        The object asked for; without one, a 404 can only mean the bucket.

    Raises
    ------
    NotFound
        404 for an object.
    StorageRefused
        The server's no: wrong key, no permission, no bucket, wrong region, wrong clock, damaged bytes.
    StorageUnavailable
        5xx, 408, 429, a full store, a time-out, a lost or refused connection, an answer cut short.
    """
    try:
        yield
    except ClientError as error:
        raise _from_answer(error, operation, key) from error
    except ParamValidationError as error:
        raise StorageRefused(operation=operation) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise StorageUnavailable(operation=operation, problem=type(error).__name__) from error


def _from_answer(error: ClientError, operation: str, key: str | None) -> OximetryError:
    status = status_of(error)
    code = str(error.response.get("Error", {}).get("Code", ""))
    evidence: dict[str, object] = {"operation": operation, "status": status}
    # A HEAD has no body, and botocore then gives the status as the code.
    if _SAFE_CODE.fullmatch(code) and code != str(status):
        evidence["code"] = code
    if code in _FULL_CODES or status == 507:
        return StorageUnavailable("storage_full", **evidence)
    if status >= 500 or status in _LATER_STATUSES or code in _LATER_CODES:
        return StorageUnavailable(None, **evidence)
    if code in _REFUSED_BY_CODE:
        return StorageRefused(_REFUSED_BY_CODE[code], **evidence)
    if status == 404 and key is not None:
        return ObjectMissing(key=key)
    return StorageRefused(_REFUSED_BY_STATUS.get(status), **evidence)
