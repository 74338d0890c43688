"""Who may have a thread: patients keep places that doctors cannot take, doctors some that uploads cannot take."""

from __future__ import annotations

from collections import Counter, deque
from enum import IntEnum
from typing import Generic, TypeVar

Waiting = TypeVar("Waiting")


class Kind(IntEnum):
    """Kinds of request; who comes first of those that wait, first."""

    HEALTH = 0
    PATIENT = 1
    DOCTOR = 2
    UPLOAD = 3


def kind_of(path: str) -> Kind:
    """What kind of request a path asks for; everything that is not known to be else is a doctor's."""
    if path.startswith("/healthz"):
        return Kind.HEALTH
    if path.startswith(("/patient/", "/files/")):
        return Kind.PATIENT
    return Kind.UPLOAD if path.startswith("/medic/uploads/") else Kind.DOCTOR


class Places(Generic[Waiting]):
    """Counts who is inside, and keeps those who wait in order.

    Of ``threads`` places one is kept for `Kind.HEALTH`, two more for patients, and uploads take half at most.
    """

    def __init__(self, threads: int) -> None:
        self._most = {
            Kind.HEALTH: threads,
            Kind.PATIENT: max(1, threads - 1),
            Kind.DOCTOR: max(1, threads - 3),
            Kind.UPLOAD: max(1, threads // 2),
        }
        self._inside: Counter[Kind] = Counter()
        self._waiting: dict[Kind, deque[Waiting]] = {kind: deque() for kind in Kind}

    def enter(self, kind: Kind) -> bool:
        """Take a place if there is one that is not kept for a kind before this one."""
        for before in range(kind + 1):
            inside = sum(count for other, count in self._inside.items() if other >= before)
            if inside >= self._most[Kind(before)]:
                return False
        self._inside[kind] += 1
        return True

    def wait(self, kind: Kind, one: Waiting) -> None:
        """Stand in line."""
        self._waiting[kind].append(one)

    def leave(self, kind: Kind) -> list[tuple[Kind, Waiting]]:
        """Give a place back; returns who has one now."""
        self._inside[kind] -= 1
        entered = []
        for each in Kind:
            while self._waiting[each] and self.enter(each):
                entered.append((each, self._waiting[each].popleft()))
        return entered
