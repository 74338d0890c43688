"""The object store on any S3 server: Cloudflare R2, Backblaze B2, Google Cloud Storage and others."""

from __future__ import annotations

import base64
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from oximetry.adapters.stores.object_keys import (
    check_content_type,
    check_expiry,
    check_key,
    check_prefix,
    content_disposition,
    md5_hex,
    stored_disposition,
)
from oximetry.adapters.stores.s3_client import S3Config, make_client
from oximetry.adapters.stores.s3_errors import status_of, translated
from oximetry.domain.errors import AlreadyExists, NotFound, StorageRefused, StorageUnavailable
from oximetry.domain.ports import StoredObject

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

logger = logging.getLogger(__name__)

PAGE_OBJECTS: Final = 1000
TOO_MANY: Final = 429
REWRITE_PAUSE_S: Final = 1.1  # R2 takes one write of a key per second


class S3Store:
    """Objects in one bucket; safe to share between threads, and a forked child makes its own connections.

    Nothing is sent, and no client is made, before the first call.

    Parameters
    ----------
    config : S3Config
        The bucket and how long to wait for it.
    """

    def __init__(self, config: S3Config) -> None:
        self._config = config
        self._pid = os.getpid()
        self._making = threading.Lock()
        self._made: S3Client | None = None

    @property
    def origin(self) -> str | None:
        """Scheme, host and port of the endpoint: signed URLs are path-style and stay on it."""
        parts = urlsplit(self._config.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def client(self) -> S3Client:
        """The boto3 client of this process, for what `ObjectStore` does not know (buckets, life cycles)."""
        if self._pid != os.getpid():
            # A lock inherited over a fork may be held by a thread that does not exist here.
            self._pid, self._making, self._made = os.getpid(), threading.Lock(), None
        with self._making:
            if self._made is None:
                self._made = make_client(self._config)
            return self._made

    def put(self, key: str, content: bytes, *, content_type: str, filename: str | None = None) -> StoredObject:
        """Write an object with its Content-MD5, then ask the server what it has; see `ObjectStore`.

        Raises
        ------
        AlreadyExists
            Other bytes are under this key.
        StorageRefused
            Also with reason ``storage_integrity``: the bytes were damaged on the way.
        """
        request: dict[str, Any] = {"Bucket": self._config.bucket, "Key": check_key(key), "Body": content}
        request["ContentType"] = check_content_type(content_type)
        if filename is not None:
            disposition = stored_disposition(filename)
            if self._config.traits.stored_disposition:
                request["ContentDisposition"] = disposition
        etag = md5_hex(content)
        request["ContentMD5"] = base64.b64encode(bytes.fromhex(etag)).decode()
        with translated("put", key):
            written = self._written(request)
        try:
            stored_object = self.stat(key)
        except NotFound as error:
            raise StorageUnavailable(operation="put", problem="gone_after_put") from error
        if (stored_object.size, stored_object.etag) != (len(content), etag):
            raise StorageRefused("storage_integrity", operation="put") if written else AlreadyExists(key=key)
        logger.debug("object stored key=%s bytes=%d new=%s", key, stored_object.size, written)
        return stored_object

    def _written(self, request: dict[str, Any]) -> bool:
        """Whether the bytes were sent; ``False`` when something is already there."""
        if self._config.traits.conditional_put:
            request = {**request, "IfNoneMatch": "*"}
        elif self._is_taken(request["Key"]):
            return False
        try:
            self._send(request)
        except ClientError as error:
            # The conflict is a second writer at this very moment; whose bytes are there is seen by looking.
            if error.response["Error"].get("Code") not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise
            return False
        return True

    def _send(self, request: dict[str, Any]) -> None:
        try:
            self.client().put_object(**request)
        except ClientError as error:
            if status_of(error) != TOO_MANY:
                raise
            time.sleep(REWRITE_PAUSE_S)
            self.client().put_object(**request)

    def _is_taken(self, key: str) -> bool:
        try:
            self.client().head_object(Bucket=self._config.bucket, Key=key)
        except ClientError as error:
            if not 400 <= status_of(error) < 500:
                raise
            # Absent, or refused without a reason, which the put then brings to light.
            return False
        return True

    def get(self, key: str) -> bytes:
        """The whole content, checked against its ETag; raises ``NotFound``."""
        check_key(key)
        with translated("get", key):
            reply = self.client().get_object(Bucket=self._config.bucket, Key=key)
            with closing(reply["Body"]) as body:
                content = body.read()
        etag = _etag(reply.get("ETag", ""))
        # Only an object that another tool uploaded in parts has an ETag that is no MD5: it holds a dash.
        if len(content) != reply.get("ContentLength") or ("-" not in etag and etag != md5_hex(content)):
            raise StorageUnavailable("storage_integrity", operation="get")
        return content

    def stat(self, key: str) -> StoredObject:
        """Size, ETag and time of one object; raises ``NotFound``."""
        check_key(key)
        with translated("stat", key):
            reply = self._head(key)
        try:
            return StoredObject(key, reply["ContentLength"], _etag(reply["ETag"]), reply["LastModified"].timestamp())
        except KeyError as error:
            raise StorageUnavailable(operation="stat", problem="not_an_s3_answer") from error

    def _head(self, key: str) -> Mapping[str, Any]:
        try:
            return cast(Mapping[str, Any], self.client().head_object(Bucket=self._config.bucket, Key=key))
        except ClientError as error:
            if not 400 <= status_of(error) < 500:
                raise
        # The answer to a HEAD has no body: only a GET tells a missing object from a missing bucket.
        reply = self.client().get_object(Bucket=self._config.bucket, Key=key)
        reply["Body"].close()
        return cast(Mapping[str, Any], reply)

    def delete(self, key: str) -> None:
        """Remove an object; removing an absent one is a success, also where the provider answers 404."""
        check_key(key)
        with translated("delete"):
            try:
                self.client().delete_object(Bucket=self._config.bucket, Key=key)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in {"NoSuchKey", "404"}:
                    raise
        logger.debug("object deleted key=%s", key)

    def purge(self, prefix: str) -> None:
        """Remove everything below a prefix, and what a bucket with versions keeps of it and of what was removed before.

        A provider without versions (R2) refuses to list them; its objects are removed as they are.
        """
        if not prefix:
            raise ValueError("a prefix is needed")
        with translated("purge"):
            for key, version in self._versions(check_prefix(prefix)):
                self.client().delete_object(Bucket=self._config.bucket, Key=key, VersionId=version)
        for found in tuple(self._objects(prefix, None)):
            self.delete(found.key)

    def _versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Keys and versions below a prefix, marks of removal among them."""
        request: dict[str, Any] = {"Bucket": self._config.bucket, "Prefix": prefix}
        while True:
            try:
                page = self.client().list_object_versions(**request)
            except ClientError as error:
                if status_of(error) in (400, 405, 501):
                    return
                raise
            for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                yield found["Key"], found["VersionId"]
            if not page.get("IsTruncated"):
                return
            request |= {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}

    def list(self, prefix: str = "", after: str | None = None) -> Iterator[StoredObject]:
        """Objects in key order, a page of 1000 in memory at a time.

        Raises
        ------
        StorageUnavailable
            Reason ``storage_listing_incomplete`` when the server stops without saying that this was all: an end that
            is not an end must never look like one.
        """
        return self._objects(check_prefix(prefix), after)

    def _objects(self, prefix: str, after: str | None) -> Iterator[StoredObject]:
        request: dict[str, Any] = {"Bucket": self._config.bucket, "Prefix": prefix, "MaxKeys": PAGE_OBJECTS}
        if after:
            request["StartAfter"] = after
        last_key = after or ""
        while True:
            with translated("list"):
                page = self.client().list_objects_v2(**request)
            for stored_object in _page_objects(page, last_key):
                last_key = stored_object.key
                yield stored_object
            if not page["IsTruncated"]:
                return
            token = page.get("NextContinuationToken")
            if not token or token == request.get("ContinuationToken"):
                raise StorageUnavailable("storage_listing_incomplete", operation="list")
            request["ContinuationToken"] = token

    def url(self, key: str, *, expires_s: int, filename: str, content_type: str, inline: bool = False) -> str:
        """A presigned GET that names the download and its type; nothing is sent."""
        params = {
            "Bucket": self._config.bucket,
            "Key": check_key(key),
            "ResponseContentDisposition": content_disposition(filename, inline=inline),
            "ResponseContentType": check_content_type(content_type),
            "ResponseCacheControl": "no-store",
        }
        check_expiry(expires_s)
        with translated("url"):
            return self.client().generate_presigned_url("get_object", Params=params, ExpiresIn=expires_s)


def _etag(quoted: str) -> str:
    return quoted.strip('"').lower()


def _page_objects(page: ListObjectsV2OutputTypeDef, last_key: str) -> list[StoredObject]:
    """The objects of one page, complete and in order behind ``last_key``."""
    contents = page.get("Contents", [])
    whole = "IsTruncated" in page and page.get("KeyCount", len(contents)) == len(contents)
    objects = []
    for item in contents:
        if not whole or item["Key"] <= last_key:
            raise StorageUnavailable("storage_listing_incomplete", operation="list")
        modified_at = item["LastModified"].timestamp()
        objects.append(StoredObject(item["Key"], item["Size"], _etag(item["ETag"]), modified_at))
        last_key = item["Key"]
    if not whole:
        raise StorageUnavailable("storage_listing_incomplete", operation="list")
    return objects
