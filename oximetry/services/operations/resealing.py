"""A new ``SECRET_KEY``: everything that the one before sealed is sealed again, so that the old one can go."""

from __future__ import annotations

from dataclasses import dataclass

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.errors import ConfigurationError
from oximetry.domain.ports import Vault

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many secrets were sealed again, and how many neither key opens."""

    resealed: int
    lost: int


class ResealingService:
    """Opens each sealed secret with the key that fits and seals it with the new one; doing it again does no harm."""

    def __init__(self, catalogue: Catalogue, vault: Vault) -> None:
        self._catalogue = catalogue
        self._vault = vault

    def reseal(self) -> Resealed:
        """Seal everything again, some rows in each transaction; what no key opens stays as it is."""
        resealed = lost = 0
        with self._catalogue.read() as transaction:
            kinds = transaction.sealed.kinds()
        for kind in kinds:
            after = ""
            while True:
                with self._catalogue.write() as transaction:
                    rows = transaction.sealed.page(kind, after, ROWS_AT_ONCE)
                    for row_id, sealed in rows:
                        try:
                            transaction.sealed.put(kind, row_id, self._vault.seal(self._vault.open(sealed)))
                            resealed += 1
                        except ConfigurationError:
                            lost += 1
                if not rows:
                    break
                after = rows[-1][0]
        return Resealed(resealed, lost)
