"""What stands beside an account's password, in SQL: known browsers, links of one time, recovery codes, passkeys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from oximetry.adapters.catalogue import tables as t
from oximetry.adapters.catalogue.account_tables import account_links, known_browsers, passkeys, recovery_codes
from oximetry.domain.account_records import AccountLink, KnownBrowser, LinkKind, Origin, Passkey
from oximetry.domain.records import Role


class AccountGuardsTable:
    """Implements ``catalogue_ports.AccountGuards``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def know_browser(self, doctor_id: str, token_sha256: str, origin: Origin, now: datetime, *, told: bool) -> None:
        """An account was signed in with a browser for the first time."""
        self._connection.execute(
            insert(known_browsers).values(
                id=str(uuid4()),
                doctor_id=doctor_id,
                token_sha256=token_sha256,
                browser=origin.browser,
                network=origin.network,
                first_seen_at=now,
                last_seen_at=now,
                told_at=now if told else None,
            )
        )

    def knows_browser(self, doctor_id: str, token_sha256: str, since: datetime) -> bool:
        """Whether the account was signed in with the browser after ``since``."""
        known = known_browsers.c
        which = (known.doctor_id == doctor_id, known.token_sha256 == token_sha256, known.last_seen_at > since)
        return self._connection.scalar(select(known.id).where(*which)) is not None

    def see_browser(self, token_sha256: str, now: datetime) -> None:
        """A known browser was signed in with again."""
        known = known_browsers.c
        self._connection.execute(
            update(known_browsers).where(known.token_sha256 == token_sha256).values(last_seen_at=now)
        )

    def has_known_browser(self, doctor_id: str) -> bool:
        """Whether the account was ever signed in with any browser that is remembered."""
        return (
            self._connection.scalar(select(known_browsers.c.id).where(known_browsers.c.doctor_id == doctor_id).limit(1))
            is not None
        )

    def tell_browsers(self, doctor_id: str, but_sha256: str, now: datetime) -> list[KnownBrowser]:
        """New browsers that the account was not told of yet, other than this one; from now on it was."""
        known = known_browsers.c
        which = (known.doctor_id == doctor_id, known.told_at.is_(None), known.token_sha256 != but_sha256)
        rows = self._connection.execute(select(known_browsers).where(*which).order_by(known.first_seen_at)).all()
        if rows:
            self._connection.execute(update(known_browsers).where(*which).values(told_at=now))
        return [KnownBrowser(row.id, row.browser, row.network, row.first_seen_at) for row in rows]

    def forget_browsers(self, doctor_id: str) -> None:
        """No browser of the account is known any more."""
        self._connection.execute(delete(known_browsers).where(known_browsers.c.doctor_id == doctor_id))

    def add_link(self, link: AccountLink, token_sha256: str, by: str | None, times: tuple[datetime, datetime]) -> None:
        """A link of one time; ``times`` are now and its end. An earlier one of that kind and e-mail opens nothing."""
        kept = account_links.c
        same = (kept.email == link.email, kept.kind == link.kind.value, kept.used_at.is_(None))
        self._connection.execute(update(account_links).where(*same).values(used_at=times[0]))
        values = {"id": link.id, "kind": link.kind.value, "email": link.email, "role": link.role.value}
        self._connection.execute(
            insert(account_links).values(
                **values, token_sha256=token_sha256, created_by=by, created_at=times[0], expires_at=times[1]
            )
        )

    def find_link(self, token_sha256: str, now: datetime) -> AccountLink | None:
        """The link of a token that was not used and has not expired."""
        kept = account_links.c
        live = (kept.token_sha256 == token_sha256, kept.used_at.is_(None), kept.expires_at > now)
        row = self._connection.execute(select(account_links).where(*live)).one_or_none()
        return AccountLink(row.id, LinkKind(row.kind), row.email, Role(row.role)) if row else None

    def use_link(self, link_id: str, now: datetime) -> bool:
        """Use a link up; false when somebody else just did."""
        kept = account_links.c
        unused = update(account_links).where(kept.id == link_id, kept.used_at.is_(None))
        return bool(self._connection.execute(unused.values(used_at=now)).rowcount)

    def set_recovery_codes(self, doctor_id: str, codes_sha256: Sequence[str]) -> None:
        """Replace the recovery codes of an account."""
        self._connection.execute(delete(recovery_codes).where(recovery_codes.c.doctor_id == doctor_id))
        rows = [{"id": str(uuid4()), "doctor_id": doctor_id, "code_sha256": code} for code in codes_sha256]
        if rows:
            self._connection.execute(insert(recovery_codes), rows)

    def use_recovery_code(self, doctor_id: str, code_sha256: str, now: datetime) -> bool:
        """Use a recovery code up; false for an unknown or used one."""
        code = recovery_codes.c
        unused = (code.doctor_id == doctor_id, code.code_sha256 == code_sha256, code.used_at.is_(None))
        return bool(self._connection.execute(update(recovery_codes).where(*unused).values(used_at=now)).rowcount)

    def recovery_codes_left(self, doctor_id: str) -> int:
        """How many recovery codes were not used."""
        code = recovery_codes.c
        count = select(func.count()).where(code.doctor_id == doctor_id, code.used_at.is_(None))
        return int(self._connection.scalar(count) or 0)

    def passkeys(self, doctor_id: str) -> list[Passkey]:
        """The passkeys of an account, oldest first."""
        of_it = select(passkeys).where(passkeys.c.doctor_id == doctor_id).order_by(passkeys.c.created_at)
        return [
            Passkey(
                row.id, row.credential_id, row.public_key, row.sign_count, row.name, row.created_at, row.last_used_at
            )
            for row in self._connection.execute(of_it)
        ]

    def add_passkey(
        self, doctor_id: str, credential_id: str, proof: tuple[bytes, int], name: str, now: datetime
    ) -> None:
        """Keep a passkey; ``proof`` is its public key and its counter."""
        self._connection.execute(
            insert(passkeys).values(
                id=str(uuid4()),
                doctor_id=doctor_id,
                credential_id=credential_id,
                public_key=proof[0],
                sign_count=proof[1],
                name=name,
                created_at=now,
            )
        )
        self._count_passkeys(doctor_id)

    def use_passkey(self, passkey_id: str, sign_count: int, now: datetime) -> None:
        """A passkey proved itself."""
        used = update(passkeys).where(passkeys.c.id == passkey_id)
        self._connection.execute(used.values(sign_count=sign_count, last_used_at=now))

    def remove_passkey(self, doctor_id: str, passkey_id: str | None = None) -> int:
        """Forget one passkey of an account, or all of them; returns how many."""
        which = [passkeys.c.doctor_id == doctor_id]
        if passkey_id is not None:
            which.append(passkeys.c.id == passkey_id)
        count = int(self._connection.execute(delete(passkeys).where(*which)).rowcount)
        self._count_passkeys(doctor_id)
        return count

    def _count_passkeys(self, doctor_id: str) -> None:
        count = select(func.count()).where(passkeys.c.doctor_id == doctor_id).scalar_subquery()
        self._connection.execute(update(t.doctors).where(t.doctors.c.id == doctor_id).values(passkey_count=count))
