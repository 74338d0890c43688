"""The seconds between two rows, from stamps of whole seconds: no whole number, or more than one in a night.

A device that samples every 1.5 s writes steps of 1, 2, 1, 2 …; one that was set from 4 s to 1 s changes them for good;
one that lost rows leaves longer steps here and there. The three look alike to a median: here they are told apart by
how the odd steps are spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oximetry.domain.recording import HOLE_FACTOR, Note, Samples

Steps = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

BLOCK = 32
FEWEST_OTHER_STEPS = 2 * BLOCK
UNIFORM_SHARE = 0.9
FEWEST_RARE_STEPS = 4
MOST_UNEVENNESS = 2
DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 10, 100, 1000)


@dataclass(frozen=True, slots=True, eq=False)
class TimeBase:
    """The time axis of a file.

    Attributes
    ----------
    elapsed_s : ndarray, shape (n,)
        Seconds since the first row; stamps that were cut to whole seconds are put where they came from.
    interval_s : float
        Seconds between most rows.
    step_s : ndarray, shape (n - 1,)
        Seconds that were due between each row and the next one; longer steps are holes.
    notes : tuple of Note
        ``interval_changes`` (``from_s``, ``to_s``) when the rate was changed within the file.
    """

    elapsed_s: Samples
    interval_s: float
    step_s: Samples
    notes: tuple[Note, ...] = ()


def time_base(elapsed_s: Samples, interval_s: int) -> TimeBase:
    """The time axis of rows that are stamped to the second.

    Parameters
    ----------
    elapsed_s : ndarray, shape (n,)
        Whole seconds, strictly increasing.
    interval_s : int
        The low median of the steps.
    """
    steps = np.diff(elapsed_s).astype(np.int64)
    due = _due(steps, interval_s)
    step_s = due.astype(np.float64)
    elapsed_s = elapsed_s.copy()
    main_s = float(interval_s)
    for one in np.unique(due).tolist():
        exact_s = _put_on_raster(elapsed_s, steps, step_s, due == one, one)
        main_s = exact_s if one == interval_s else main_s
    changed = np.unique(step_s)
    notes: tuple[Note, ...] = ()
    if changed.size > 1:
        notes = (Note("interval_changes", {"from_s": float(changed[0]), "to_s": float(changed[-1])}),)
    return TimeBase(elapsed_s, main_s, step_s, notes)


def _due(steps: Steps, interval_s: int) -> Steps:
    """The whole seconds due at each step: the interval, or that of a stretch in which nearly all steps are others."""
    due = np.full(steps.size, interval_s, dtype=np.int64)
    other = (steps > HOLE_FACTOR * interval_s) | (steps < interval_s / HOLE_FACTOR)
    if np.count_nonzero(other) < FEWEST_OTHER_STEPS:
        return due
    blocks = steps.size // BLOCK
    table = np.sort(steps[: blocks * BLOCK].reshape(blocks, BLOCK), axis=1)
    median = table[:, (BLOCK - 1) // 2]
    near = (table >= (median / HOLE_FACTOR)[:, None]) & (table <= (median * HOLE_FACTOR)[:, None])
    uniform = near.mean(axis=1) >= UNIFORM_SHARE
    foreign = (median > HOLE_FACTOR * interval_s) | (median < interval_s / HOLE_FACTOR)
    for block in np.flatnonzero(uniform & foreign).tolist():
        _claim(due, steps, block * BLOCK, int(median[block]))
    return due


def _claim(due: Steps, steps: Steps, at: int, interval_s: int) -> None:
    """Give a block its own interval, and the steps around it that are of the same kind, to the next block's end."""
    low, high = interval_s / HOLE_FACTOR, interval_s * HOLE_FACTOR
    around = slice(max(0, at - BLOCK), min(steps.size, at + 2 * BLOCK))
    same = (steps[around] >= low) & (steps[around] <= high)
    due[around] = np.where(same, interval_s, due[around])
    due[at : at + BLOCK] = interval_s


def _put_on_raster(elapsed_s: Samples, steps: Steps, step_s: Samples, ours: Mask, whole_s: int) -> float:
    """Move rows that are evenly spaced by no whole number of seconds to where they were taken; the interval."""
    near = ours & (np.abs(steps - whole_s) <= 1)
    values, counts = np.unique(steps[near], return_counts=True)
    if values.size != 2 or values[1] - values[0] != 1:
        return float(whole_s)
    rare = values[counts.argmin()]
    segments = _segments(near)
    spacings = []
    for start, stop in segments:
        spacings.append(np.diff(np.flatnonzero(steps[start:stop] == rare)))
    spread = np.concatenate(spacings) if spacings else np.zeros(0, dtype=np.int64)
    if spread.size < FEWEST_RARE_STEPS - 1 or np.ptp(spread) > MOST_UNEVENNESS:
        return float(whole_s)
    longest = max(segments, key=lambda one: one[1] - one[0])
    exact_s = _simplest(steps[longest[0] : longest[1]])
    for start, stop in segments:
        elapsed_s[start : stop + 1] = elapsed_s[start] + np.arange(stop + 1 - start) * exact_s
    step_s[ours] = exact_s
    return exact_s


def _segments(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _simplest(steps: Steps) -> float:
    """The mean step as the simplest fraction that the stamps, cut to whole seconds, leave open."""
    mean = float(steps.mean())
    for denominator in DENOMINATORS:
        nearest = round(mean * denominator) / denominator
        if abs(nearest - mean) * steps.size < 1:
            return nearest
    return mean
