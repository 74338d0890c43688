"""Rules that hold for some patients only: each is asked when a doctor has switched it on for one patient.

A rule is a value with a name and a version. It answers whether it is met, or with a score, and says which numbers it
used. It answers ``unknown`` with a reason where the night cannot prove anything: spot values, too little time, or time
below the device's range that could turn the answer. The answers are for the doctor to judge.

References
----------
Lacasse, Y. et al. (2017). BMC Pulmonary Medicine, 17, 8. (copd; abstract read: at least 30 % of the recording time with
    SpO2 below 90 %, on either of two consecutive recordings)
Medicare, home oxygen, Group I. (medicare; read as suppliers quote it: at most 88 % for at least 5 cumulative minutes
    during at least 2 hours of recording, asleep. That a home consumer device does not qualify: ``facts/metrics.md`` §5)
Nixon, G. M. et al. (2004). Pediatrics, 113, e19. (mcgill; the paper itself could not be read again, see `mcgill`)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.metrics import MIN_VALID_HOURS
from oximetry.domain.pattern import CLUSTER_MIN_DEPTH_PCT, clusters


@dataclass(frozen=True, slots=True)
class CopdRule:
    """Nocturnal desaturation in COPD.

    Attributes
    ----------
    min_below90_pct : float
        Share of the *valid* time below 90 percent; the source says "of the recording".
    min_hours : float
        Valid time below which nothing is said; ours, the source's abstract names none.
    """

    name: str = "copd"
    version: int = 1
    min_below90_pct: float = 30.0
    min_hours: float = MIN_VALID_HOURS


@dataclass(frozen=True, slots=True)
class MedicareRule:
    """The numeric part of Medicare's Group I, asleep.

    Attributes
    ----------
    min_le88_min : float
        Minutes at 88 percent or less, not necessarily in one piece.
    min_hours : float
        Recorded time; for "not met" also of valid time, which is ours.
    """

    name: str = "medicare"
    version: int = 1
    min_le88_min: float = 5.0
    min_hours: float = 2.0


@dataclass(frozen=True, slots=True)
class McGillRule:
    """The McGill oximetry score, for children only.

    Attributes
    ----------
    min_clusters, min_drops : int
        Clusters of desaturations in the night, and desaturations below a level, that a score above 1 needs.
    levels_pct : tuple of float
        The levels of scores 2, 3 and 4.
    min_hours : float
        Valid time below which there is no score; the source says "of recording".
    """

    name: str = "mcgill"
    version: int = 1
    min_clusters: int = 3
    min_drops: int = 3
    levels_pct: tuple[float, float, float] = (90.0, 85.0, 80.0)
    min_hours: float = 6.0


ExtraRule = CopdRule | MedicareRule | McGillRule

COPD = CopdRule()
MEDICARE = MedicareRule()
MCGILL = McGillRule()
NAMES = (COPD.name, MEDICARE.name, MCGILL.name)


class Verdict(StrEnum):
    """What a rule answers."""

    MET = "met"
    NOT_MET = "not_met"
    SCORE_1 = "score_1"  # normal or inconclusive
    SCORE_2 = "score_2"  # mild, in the score's own words
    SCORE_3 = "score_3"  # moderate
    SCORE_4 = "score_4"  # severe
    UNKNOWN = "unknown"


class Doubt(StrEnum):
    """Why a rule cannot say anything."""

    SPOT_VALUES = "spot_values"  # further apart than 12 s
    TOO_SHORT = "too_short"
    BELOW_RANGE = "below_range"  # what the device did not measure could turn the answer


_SCORES = (Verdict.SCORE_1, Verdict.SCORE_2, Verdict.SCORE_3, Verdict.SCORE_4)


@dataclass(frozen=True, slots=True)
class NightFacts:
    """What the rules need of a night; names and units as in `oximetry.domain.metrics.NightSummary`.

    Attributes
    ----------
    below90_pct : float
        ``time_below_pct["90"]``; NaN, like ``t_le88_min``, without a valid sample.
    spot_values : bool
        Whether the values are too far apart for events (``desaturations3`` is ``None``).
    """

    recorded_s: float
    valid_s: float
    below_range_s: float
    below_range_runs: int
    below90_pct: float
    t_le88_min: float
    spot_values: bool

    @property
    def most_below90_pct(self) -> float:
        """Percent below 90 if all time below the device's range was indeed that low."""
        low_s = self.below90_pct / 100 * self.valid_s + self.below_range_s
        return 100 * low_s / (self.valid_s + self.below_range_s)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rule says of a night.

    Attributes
    ----------
    rule : ExtraRule
        Name, version and thresholds.
    verdict : Verdict
    used : mapping of str to float
        The night's numbers that the answer rests on.
    doubt : Doubt or None
        Why the verdict is ``unknown``.
    """

    rule: ExtraRule
    verdict: Verdict
    used: Mapping[str, float]
    doubt: Doubt | None = None


def answers(names: Collection[str], night: NightFacts, events: Sequence[Desaturation]) -> tuple[Answer, ...]:
    """The answers of the rules that are switched on, always in the same order.

    Parameters
    ----------
    names : collection of str
        Of ``NAMES``.
    night : NightFacts
    events : sequence of Desaturation
        The night's events of the headline rule; only ``mcgill`` looks at them.
    """
    answers_of_night = []
    if COPD.name in names:
        answers_of_night.append(copd(night))
    if MEDICARE.name in names:
        answers_of_night.append(medicare(night))
    if MCGILL.name in names:
        answers_of_night.append(mcgill(night, events))
    return tuple(answers_of_night)


def copd(night: NightFacts, rule: CopdRule = COPD) -> Answer:
    """Whether at least 30 percent of the valid time lies below 90 percent."""
    used = {"below90_pct": night.below90_pct, "valid_hours": night.valid_s / 3600}
    if night.spot_values:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.SPOT_VALUES)
    if night.valid_s < rule.min_hours * 3600:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.TOO_SHORT)
    if night.below90_pct >= rule.min_below90_pct:
        return Answer(rule, Verdict.MET, used)
    if night.most_below90_pct >= rule.min_below90_pct:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.BELOW_RANGE)
    return Answer(rule, Verdict.NOT_MET, used)


def medicare(night: NightFacts, rule: MedicareRule = MEDICARE) -> Answer:
    """Whether the numeric part is met: at most 88 percent for at least 5 minutes, in at least 2 recorded hours."""
    recorded_hours, valid_hours = night.recorded_s / 3600, night.valid_s / 3600
    used = {"t_le88_min": night.t_le88_min, "recorded_hours": recorded_hours, "valid_hours": valid_hours}
    if night.spot_values:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.SPOT_VALUES)
    if night.recorded_s < rule.min_hours * 3600:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.TOO_SHORT)
    if night.t_le88_min >= rule.min_le88_min:
        return Answer(rule, Verdict.MET, used)
    if night.valid_s < rule.min_hours * 3600:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.TOO_SHORT)
    if night.t_le88_min + night.below_range_s / 60 >= rule.min_le88_min:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.BELOW_RANGE)
    return Answer(rule, Verdict.NOT_MET, used)


def mcgill(night: NightFacts, events: Sequence[Desaturation], rule: McGillRule = MCGILL) -> Answer:
    """The McGill oximetry score of a child's night, 1 to 4.

    Score 1 is "normal or inconclusive": whatever does not reach 2. Scores 2, 3 and 4 need at least three clusters and
    at least three desaturations to below 90, 85 and 80 percent. A desaturation is an event of the headline rule of at
    least 4 percent, it is below a level when its nadir is; a cluster is `oximetry.domain.pattern.clusters`. Readers
    score by eye, so this is a translation of the score and not the score they gave.

    Parameters
    ----------
    events : sequence of Desaturation
        Those of the whole night.

    Notes
    -----
    Read again: more than 1 means three or more clusters of desaturations of at least 4 percent and at least three
    desaturations to below 90 percent (Archives of Disease in Childhood 2016, 101, 1082); 1 is normal or inconclusive,
    described as fewer than three below 90 percent with a stable baseline above 95 (Journal of Otolaryngology – Head &
    Neck Surgery 2013, 42, 50); 6 hours for an adequate study (Archives of Disease in Childhood 2021, 106, 58).
    [from memory]: the levels 85 and 80 and the names of the grades; a cluster as five or more desaturations within 10
    to 30 minutes. "At least three" below 85 and 80 is the common wording; "more than three" is remembered, too.
    """
    used = {"valid_hours": night.valid_s / 3600}
    if night.spot_values:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.SPOT_VALUES)
    nadirs = [event.nadir_pct for event in events if event.depth_pct >= CLUSTER_MIN_DEPTH_PCT]
    drops = [sum(nadir < level for nadir in nadirs) for level in rule.levels_pct]
    clustered = len(clusters(events))
    used |= {"clusters": clustered, "drops90": drops[0], "drops85": drops[1], "drops80": drops[2]}
    if night.valid_s < rule.min_hours * 3600:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.TOO_SHORT)
    score = _levels_reached(drops, rule) if clustered >= rule.min_clusters else 0
    # each run below the range can hide a drop, and join what then is a cluster
    possible = _levels_reached([count + night.below_range_runs for count in drops], rule)
    if night.below_range_runs and possible > score:
        return Answer(rule, Verdict.UNKNOWN, used, Doubt.BELOW_RANGE)
    return Answer(rule, _SCORES[score], used)


def _levels_reached(drops: Sequence[int], rule: McGillRule) -> int:
    return sum(count >= rule.min_drops for count in drops)
