"""What the rules that a doctor has switched on for a patient say of the patient's stored nights."""

from __future__ import annotations

from oximetry.domain.catalogue_ports import Catalogue
from oximetry.domain.extra_rules import MCGILL, Answer, NightFacts, answers
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.records import NightState


class ExtraRuleService:
    """Works the answers out from what is stored; nothing is read again from the files."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def answers(self, doctor_id: str, patient_id: str) -> dict[str, tuple[Answer, ...]]:
        """By the id of each shown night, in one transaction; empty while no rule is switched on.

        The events are fetched for the McGill score alone. Raises ``NotFound`` for another doctor's patient too.
        """
        with self._catalogue.read() as transaction:
            names = transaction.patients.get(doctor_id, patient_id).extra_rules
            if not names:
                return {}
            nights = transaction.nights.of_patient(patient_id, doctor_id, (NightState.STORED,))
            events = {
                night.id: transaction.nights.events(night.analysis_id) for night in nights if MCGILL.name in names
            }
        return {night.id: answers(names, facts_of(night.numbers), events.get(night.id, ())) for night in nights}


def facts_of(numbers: NightNumbers) -> NightFacts:
    """The numbers of a night as the rules take them."""
    return NightFacts(
        recorded_s=numbers.recorded_s,
        valid_s=numbers.valid_s,
        below_range_s=numbers.below_range_s,
        below_range_runs=numbers.below_range_runs,
        below90_pct=numbers.below_pct(90),
        t_le88_min=numbers.t_le88_min,
        spot_values=numbers.desaturations3 is None,
    )
