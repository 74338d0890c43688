"""How a night's desaturations are spread: over the hours, over its halves, in clusters; and how its SpO2 values are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from oximetry.domain.desaturation import Desaturation
from oximetry.domain.metrics import MIN_RATE_VALID_S, NightAnalysis
from oximetry.domain.recording import Mask, Recording

HOUR_S = 3600.0
CLUSTER_WINDOW_S = 30 * 60.0
CLUSTER_MIN_EVENTS = 5
CLUSTER_MIN_DEPTH_PCT = 4.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the night and its desaturations.

    Attributes
    ----------
    from_s, to_s : float
        Elapsed seconds, the end not included.
    valid_s : float
        Seconds with a valid SpO2 inside.
    desaturations3, desaturations4 : int
        Events whose onset lies inside; of at least 4 % among them.
    odi3_per_h : float
        ``desaturations3`` per valid hour of the stretch; NaN below half an hour of it.
    """

    from_s: float
    to_s: float
    valid_s: float
    desaturations3: int
    desaturations4: int
    odi3_per_h: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """At least five desaturations of at least 4 % whose nadirs lie within 30 minutes."""

    from_s: float
    to_s: float
    desaturations: int


def hours(recording: Recording, analysis: NightAnalysis) -> tuple[Stretch, ...]:
    """Hour after hour from the start; the last one may be shorter."""
    edges = [*np.arange(0.0, recording.recorded_s, HOUR_S).tolist(), recording.recorded_s]
    return _stretches(recording, analysis, edges)


def halves(recording: Recording, analysis: NightAnalysis) -> tuple[Stretch, ...]:
    """The first and the second half of the recorded time."""
    return _stretches(recording, analysis, [0.0, recording.recorded_s / 2, recording.recorded_s])


def clusters(events: Sequence[Desaturation]) -> tuple[Cluster, ...]:
    """Clusters, greedy from the first event; the next one starts after the 30 minutes of the one before.

    References
    ----------
    ``facts/metrics.md`` §5.
    """
    nadirs = [event.nadir_s for event in events if event.depth_pct >= CLUSTER_MIN_DEPTH_PCT]
    clusters_so_far: list[Cluster] = []
    first = 0
    while first < len(nadirs):
        inside = [nadir for nadir in nadirs[first:] if nadir <= nadirs[first] + CLUSTER_WINDOW_S]
        if len(inside) >= CLUSTER_MIN_EVENTS:
            clusters_so_far.append(Cluster(inside[0], inside[-1], len(inside)))
            first += len(inside)
        else:
            first += 1
    return tuple(clusters_so_far)


def histogram(recording: Recording, analysis: NightAnalysis) -> dict[int, float]:
    """Percent of the valid time at each whole SpO2 value that occurs, lowest first; half values round to even."""
    valid = recording.spo2_pct[analysis.quality.valid]
    seconds = np.bincount(np.rint(valid).astype(np.intp), recording.sample_s[analysis.quality.valid])
    return {value: float(100.0 * seconds[value] / seconds.sum()) for value in np.flatnonzero(seconds).tolist()}


def _stretches(recording: Recording, analysis: NightAnalysis, edges: Sequence[float]) -> tuple[Stretch, ...]:
    return tuple(_stretch(recording, analysis, from_s, to_s) for from_s, to_s in pairwise(edges))


def _stretch(recording: Recording, analysis: NightAnalysis, from_s: float, to_s: float) -> Stretch:
    inside: Mask = (recording.time_s >= from_s) & (recording.time_s < to_s)
    valid_s = recording.seconds(inside & analysis.quality.valid)
    depths = [event.depth_pct for event in analysis.events if from_s <= event.onset_s < to_s]
    rate = len(depths) / (valid_s / HOUR_S) if valid_s >= MIN_RATE_VALID_S else float("nan")
    deep = sum(depth >= analysis.rule.deep_drop_pct for depth in depths)
    return Stretch(from_s, to_s, valid_s, len(depths), deep, rate)
