"""The sealed secrets, wherever they stand: for sealing them with a new key."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from oximetry.adapters.catalogue import review_tables as r
from oximetry.adapters.catalogue import tables as t

_COLUMNS = {
    "second_factors": t.doctors.c.totp_sealed,
    "links": t.patient_links.c.secret_sealed,
    "pins": t.patient_links.c.pin_sealed,
    "file_names": t.upload_items.c.name_sealed,
    "report_codes": r.clinical_reports.c.code_sealed,
}


class SealedTable:
    """Implements ``catalogue_ports.Sealed``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def kinds(self) -> list[str]:
        """What there is that is sealed."""
        return list(_COLUMNS)

    def page(self, kind: str, after: str, limit: int) -> list[tuple[str, bytes]]:
        """Rows of a kind behind an id: their ids and what is sealed."""
        column = _COLUMNS[kind]
        row_id = column.table.c.id
        found = select(row_id, column).where(column.is_not(None), row_id > after).order_by(row_id).limit(limit)
        return [(row[0], bytes(row[1])) for row in self._connection.execute(found)]

    def put(self, kind: str, row_id: str, sealed: bytes) -> None:
        """Seal a row's secret anew."""
        column = _COLUMNS[kind]
        changed = update(column.table).where(column.table.c.id == row_id).values({column.name: sealed})
        self._connection.execute(changed)
