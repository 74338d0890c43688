"""A doctor's working space in the object store, in sessions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from oximetry.adapters.stores.object_keys import check_key, check_part, content_type_of
from oximetry.domain.errors import NotFound
from oximetry.domain.ports import ObjectStore, StoredObject
from oximetry.domain.records import user_hash

SESSION_MARK: Final = "_session"


class StagingArea:
    """One doctor's working space: files that belong to no patient yet, below ``users/<user_hash>/<session>/``.

    Parameters
    ----------
    user_email : str
        Whose; two doctors never see each other's sessions, whatever id they ask with.
    known_sessions : collection of str, optional
        Sessions that a catalogue knows to be this doctor's; any other one is looked up in the store.
    """

    def __init__(self, user_email: str, store: ObjectStore, known_sessions: Collection[str] = ()) -> None:
        self._root = f"users/{user_hash(user_email)}"
        self._store = store
        self._known = set(known_sessions)

    def create_session(self) -> str:
        """A new session; returns its id (a UUID)."""
        session = str(uuid4())
        self._store.put(self._key(session, SESSION_MARK), session.encode(), content_type="text/plain")
        self._known.add(session)
        return session

    def validate_session(self, session: str) -> bool:
        """Whether this doctor has such a session; another doctor's is unknown."""
        if session in self._known:
            return True
        try:
            self._store.stat(self._key(session, SESSION_MARK))
        except (NotFound, ValueError):
            return False
        self._known.add(session)
        return True

    def save_file(self, content: bytes, name: str, session: str, content_type: str | None = None) -> str:
        """Keep a file; returns its key.

        Raises
        ------
        NotFound
            This doctor has no such session.
        AlreadyExists
            Other bytes are under this name.
        """
        key = self._key(session, name)
        if not self.validate_session(session):
            raise NotFound(session=session)
        self._store.put(key, content, content_type=content_type or content_type_of(name))
        return key

    def get_file(self, name: str, session: str) -> bytes | None:
        """The content; ``None`` when this doctor has no such file, and only then."""
        try:
            return self._store.get(self._key(session, name))
        except NotFound:
            return None

    def list_files(self, session: str) -> list[str]:
        """The names of the files of a session, in order; empty for a session that is not this doctor's."""
        prefix = f"{self._root}/{check_part(session)}/"
        names = [stored_object.key.removeprefix(prefix) for stored_object in self._store.list(prefix)]
        return [name for name in names if name != SESSION_MARK]

    def cleanup(self, older_than: timedelta | datetime) -> int:
        """Remove this doctor's sessions in which nothing was written since then, for good; returns how many.

        Parameters
        ----------
        older_than : timedelta or datetime
            An age, or a moment (naive ones are UTC).
        """
        limit = datetime.now(UTC) - older_than if isinstance(older_than, timedelta) else older_than
        before = (limit if limit.tzinfo else limit.replace(tzinfo=UTC)).timestamp()
        sessions: dict[str, list[StoredObject]] = {}
        for stored_object in self._store.list(f"{self._root}/"):
            sessions.setdefault(stored_object.key.split("/")[2], []).append(stored_object)
        quiet = [
            stored_object
            for stored_object in sessions.values()
            if max(one.modified_at for one in stored_object) < before
        ]
        for objects in quiet:
            # the mark goes last: a session that is half removed is still found the next time
            for one in sorted(objects, key=lambda one: one.key.endswith(f"/{SESSION_MARK}")):
                self._store.delete(one.key)
        return len(quiet)

    def _key(self, session: str, name: str) -> str:
        return check_key(f"{self._root}/{check_part(session)}/{check_part(name)}")
