"""The formats that are read; a new one is one line here. Run as a module it writes the page about them."""

from __future__ import annotations

import sys

from oximetry.readers.apple_health import AppleHealth
from oximetry.readers.contec_csv import ContecCsv
from oximetry.readers.contec_spo import ContecSpo
from oximetry.readers.contec_spo2 import ContecSpo2
from oximetry.readers.edf import Edf
from oximetry.readers.emay import Emay
from oximetry.readers.fitbit_garmin import FitbitGarmin
from oximetry.readers.formats_page import formats_page
from oximetry.readers.masimo_rad8 import MasimoRad8
from oximetry.readers.medview import MedView
from oximetry.readers.nellcor_n395 import NellcorN395
from oximetry.readers.oxyii import OxyII
from oximetry.readers.pod2 import Pod2
from oximetry.readers.registry import Reader, Registry
from oximetry.readers.table_csv import TableCsv
from oximetry.readers.viatom_binary import ViatomBinary
from oximetry.readers.viatom_csv import ViatomCsv
from oximetry.readers.wmedf import Wmedf
from oximetry.readers.workbook import Workbook


def create_registry() -> Registry:
    """Every reader there is."""
    tables: list[Reader] = [ViatomCsv(), ContecCsv(), Emay(), TableCsv()]
    return Registry(
        [
            *tables,
            ViatomBinary(),
            OxyII(),
            Pod2(),
            ContecSpo2(),
            ContecSpo(),
            MedView(),
            Edf(),
            Wmedf(),
            MasimoRad8(),
            NellcorN395(),
            AppleHealth(),
            FitbitGarmin(),
            Workbook(tables),
        ]
    )


if __name__ == "__main__":
    sys.stdout.write(formats_page(create_registry().readers))
