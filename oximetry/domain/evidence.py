"""Where each measure comes from, and how far it is known to mean something: what stands beside a number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How far a measure is supported."""

    ESTABLISHED = "established"  # several studies or a payer's rule use it with this definition
    PUBLISHED = "published"  # one or a few studies
    OWN_CHOICE = "own_choice"  # our definition after a published idea, not validated against polysomnography
    DESCRIPTIVE = "descriptive"  # describes the recording; no claim beyond it


@dataclass(frozen=True, slots=True)
class Evidence:
    """The source of a measure in one line, and its grade."""

    source: str
    grade: Grade


_PEAK_NADIR = Evidence("peak-nadir version 2, after Jung 2018 and Levy 2021", Grade.OWN_CHOICE)
_MEAN_120 = Evidence("mean-120s version 2, wording of Chung 2012", Grade.PUBLISHED)

EVIDENCE = {
    "odi3_per_h": _PEAK_NADIR,
    "odi4_per_h": _PEAK_NADIR,
    "odi3_mean120_per_h": _MEAN_120,
    "odi4_mean120_per_h": _MEAN_120,
    "time_below_pct": Evidence("share of the valid time strictly below each threshold", Grade.ESTABLISHED),
    "t90_min": Evidence("minutes below 90 %", Grade.ESTABLISHED),
    "t_le88_min": Evidence("Medicare, home oxygen, Group I: minutes at 88 % or less", Grade.ESTABLISHED),
    "t_le88_longest_min": Evidence("longest unbroken run at 88 % or less", Grade.DESCRIPTIVE),
    "desaturation_area_pct_min_per_h": Evidence("DesSev of Kulkas 2013, times 60", Grade.PUBLISHED),
    "delta_index_pct": Evidence("Pépin 1991, blocks of 12 s", Grade.PUBLISHED),
    "pulse_rise6_per_h": Evidence("rises of 6 bpm within 30 s, per recorded hour", Grade.OWN_CHOICE),
    "hours": Evidence("ODI3 hour by hour", Grade.DESCRIPTIVE),
    "halves": Evidence("ODI3 of the two halves", Grade.DESCRIPTIVE),
    "clusters": Evidence("5 drops of 4 % within 30 minutes", Grade.OWN_CHOICE),
}
