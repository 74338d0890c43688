"""The formats that are read; a new one is one line here."""

from __future__ import annotations

from oximetry.readers.contec_csv import ContecCsv
from oximetry.readers.contec_spo import ContecSpo
from oximetry.readers.contec_spo2 import ContecSpo2
from oximetry.readers.emay import Emay
from oximetry.readers.masimo_rad8 import MasimoRad8
from oximetry.readers.medview import MedView
from oximetry.readers.nellcor_n395 import NellcorN395
from oximetry.readers.oxyii import OxyII
from oximetry.readers.pod2 import Pod2
from oximetry.readers.registry import Registry
from oximetry.readers.viatom_binary import ViatomBinary
from oximetry.readers.viatom_csv import ViatomCsv


def create_registry() -> Registry:
    """Every reader there is."""
    return Registry(
        [
            ViatomCsv(),
            ViatomBinary(),
            OxyII(),
            Pod2(),
            ContecSpo2(),
            ContecSpo(),
            ContecCsv(),
            MedView(),
            Emay(),
            MasimoRad8(),
            NellcorN395(),
        ]
    )
