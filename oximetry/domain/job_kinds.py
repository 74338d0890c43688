"""What kinds of job there are: whether somebody waits for one, whether a click asked for it, what one costs.

The costs weigh turns between doctors. They are milliseconds of one hand, as `python -m benchmarks` measures them, and
need no precision: a cost that is twice too high takes half of an owner's share, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class JobClass(IntEnum):
    """Which jobs go first; within a class, owners take turns."""

    AWAITED = 0
    """Somebody sits before a page that changes when the job is done."""
    BACKGROUND = 1
    """Nobody waits: housekeeping, checks, the picture in the other language."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """How jobs of one name stand in the queue.

    Attributes
    ----------
    cost_ms : int
        What one job costs on average; it decides how far behind its owner's job before it a job stands.
    is_click : bool
        A person asked for just this: it stands before the files of that person's batches, not behind them.
    """

    job_class: JobClass
    cost_ms: int
    is_click: bool = False


_UNKNOWN = JobKind(JobClass.BACKGROUND, 1000)
_KINDS = {
    "read_item": JobKind(JobClass.AWAITED, 40),
    "store_item": JobKind(JobClass.AWAITED, 60, is_click=True),
    "move_night": JobKind(JobClass.AWAITED, 100, is_click=True),
    "render_report": JobKind(JobClass.AWAITED, 1500, is_click=True),
    "archive": JobKind(JobClass.AWAITED, 50),
    "render_plot": JobKind(JobClass.BACKGROUND, 150),
    "erase_objects": JobKind(JobClass.AWAITED, 500, is_click=True),
    "erase_old": JobKind(JobClass.BACKGROUND, 1000),
    "make_backup": JobKind(JobClass.BACKGROUND, 60_000),
    "empty_staging": JobKind(JobClass.BACKGROUND, 20),
}
_FIRST_PICTURE = JobKind(JobClass.AWAITED, 150)
_FIRST_LANGUAGE = "ro"

REPORT_COST_MS = 1200
_BYTES_PER_MS = 25_000


def kind_of(name: str, subject: str = "") -> JobKind:
    """How a job stands in the queue; one of an unknown name is background work.

    Of a night's pictures somebody waits only for that in the first language.
    """
    if name == "render_plot" and subject.rpartition(":")[2] == _FIRST_LANGUAGE:
        return _FIRST_PICTURE
    return _KINDS.get(name, _UNKNOWN)


def reading_cost_ms(size: int, *, is_report: bool) -> int:
    """What reading a file of ``size`` bytes costs: a vendor's report is recognised, a recording is parsed."""
    return REPORT_COST_MS if is_report else _KINDS["read_item"].cost_ms + size // _BYTES_PER_MS
