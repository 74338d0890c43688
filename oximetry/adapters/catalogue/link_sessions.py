"""Sessions of opened links, and the PIN's wrong tries, in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    ForeignKey,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.catalogue_patients import LINK_COLUMNS, link_of
from oximetry.domain.link_sessions import LinkSession, OpenedLink, Visit

link_sessions = Table(
    "link_sessions",
    t.metadata,
    Column("id", String(36), primary_key=True),
    Column("link_id", String(36), ForeignKey("patient_links.id"), nullable=False, index=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("opened_at", DateTime, nullable=False),
    Column("last_seen_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
    Column("browser", String(40), nullable=False),
    Column("is_preview", Boolean, nullable=False),
)
_SESSION = link_sessions.c

# asked on every request of a patient, so in fixed words
_LIVE = (
    select(*LINK_COLUMNS, *(column.label(f"session_{column.name}") for column in _SESSION))
    .join(t.patients, t.patients.c.id == t.patient_links.c.patient_id)
    .join(link_sessions, _SESSION.link_id == t.patient_links.c.id)
    .where(
        _SESSION.token_sha256 == bindparam("token"),
        _SESSION.ended_at.is_(None),
        _SESSION.last_seen_at > bindparam("seen"),
        _SESSION.opened_at > bindparam("opened"),
        t.patient_links.c.revoked_at.is_(None),
        (t.patient_links.c.expires_at.is_(None)) | (t.patient_links.c.expires_at > bindparam("now")),
    )
)


class LinkSessionsTable:
    """Implements ``catalogue_ports.LinkSessions``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, link_id: str, token_sha256: str, visit: Visit, now: datetime, *, is_preview: bool) -> None:
        """One browser opened the link."""
        self._connection.execute(
            insert(link_sessions).values(
                id=visit.session_id,
                link_id=link_id,
                token_sha256=token_sha256,
                opened_at=now,
                last_seen_at=now,
                browser=visit.browser,
                is_preview=is_preview,
            )
        )

    def live(self, token_sha256: str, lives_since: tuple[datetime, datetime], now: datetime) -> OpenedLink | None:
        """The session of a token and its link, both alive; ``lives_since`` as ``link_sessions.oldest_live``."""
        values = {"token": token_sha256, "seen": lives_since[0], "opened": lives_since[1], "now": now}
        row = self._connection.execute(_LIVE, values).one_or_none()
        if row is None:
            return None
        session_of = LinkSession(
            row.session_id, row.session_opened_at, row.session_last_seen_at, row.session_browser, row.session_is_preview
        )
        return OpenedLink(session_of, link_of(row))

    def seen(self, session_id: str, now: datetime) -> None:
        """Its browser asked for something."""
        self._connection.execute(update(link_sessions).where(_SESSION.id == session_id).values(last_seen_at=now))

    def of_link(self, link_id: str, lives_since: tuple[datetime, datetime]) -> list[LinkSession]:
        """The sessions of a link that live, newest first."""
        live = (
            _SESSION.link_id == link_id,
            _SESSION.ended_at.is_(None),
            _SESSION.last_seen_at > lives_since[0],
            _SESSION.opened_at > lives_since[1],
        )
        rows = self._connection.execute(select(link_sessions).where(*live).order_by(_SESSION.opened_at.desc()))
        return [_session(row) for row in rows]

    def end(self, now: datetime, *, link_id: str, session_id: str | None = None) -> int:
        """End one session of a link, or all of them; returns how many."""
        which = [_SESSION.link_id == link_id, _SESSION.ended_at.is_(None)]
        if session_id is not None:
            which.append(_SESSION.id == session_id)
        return int(self._connection.execute(update(link_sessions).where(*which).values(ended_at=now)).rowcount)

    def prune(self, before: datetime) -> None:
        """Forget sessions that began before a time."""
        self._connection.execute(delete(link_sessions).where(_SESSION.opened_at < before))

    def set_guards(self, link_id: str, **values: object) -> None:
        """Change a link's PIN, wrong tries or last day."""
        self._connection.execute(update(t.patient_links).where(t.patient_links.c.id == link_id).values(**values))

    def take_try(self, link_id: str, most: int) -> bool:
        """Count a try of the PIN as wrong before it is looked at; false when none is left. One statement, so that
        fifty at once cannot all see the same number."""
        link = t.patient_links.c
        counted = update(t.patient_links).where(link.id == link_id, link.pin_failures < most)
        return bool(self._connection.execute(counted.values(pin_failures=link.pin_failures + 1)).rowcount)

    def give_try_back(self, link_id: str) -> None:
        """The try was right."""
        link = t.patient_links.c
        self._connection.execute(
            update(t.patient_links).where(link.id == link_id).values(pin_failures=link.pin_failures - 1)
        )

    def paused(self, doctor_id: str, most: int) -> list[str]:
        """The doctor's patients whose live link waits for a new PIN."""
        link = t.patient_links.c
        found = (
            select(link.patient_id)
            .join(t.patients, t.patients.c.id == link.patient_id)
            .where(
                t.patients.c.doctor_id == doctor_id,
                link.revoked_at.is_(None),
                link.pin_sealed.is_not(None),
                link.pin_failures >= most,
            )
        )
        return list(self._connection.scalars(found))


def _session(row: Any) -> LinkSession:
    return LinkSession(row.id, row.opened_at, row.last_seen_at, row.browser, row.is_preview)
