"""What the storage page shows, as values for its templates, and what its forms say, as values for the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from oximetry.domain.errors import NotFound
from oximetry.domain.records import FileKind
from oximetry.domain.sync.sync_records import FileFilter, FilePlace, FileState, ListedFile, RunState, SyncRun
from oximetry.domain.sync.syncing import Kind
from oximetry.services.storage.storage_admin import FilePage
from oximetry.services.sync.syncing import PlanShown
from oximetry.web.i18n import Words

AGES = {"day": 1, "week": 7, "month": 30}
OLDER = "older"
STAMP = "%Y-%m-%dT%H:%M:%S.%f"
UNITS = ("B", "KB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class FileLine:
    """One row of the list."""

    id: str
    name: str
    key: str
    kind: str
    patient_id: str
    size: str
    state: str
    created: str
    creator: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What a plan says of one kind, with a few keys and, once applied, how many were done."""

    label: str
    count: str
    done: str
    keys: list[str]


def asked_filter(args: Mapping[str, str], now: datetime) -> FileFilter:
    """The list's filter; an answer that the form does not offer asks for everything."""
    age = args.get("age", "")
    patient_id = args.get("patient", "").strip().lower()
    return FileFilter(
        kind=args["kind"] if args.get("kind") in set(FileKind) else None,
        patient_id=patient_id if is_uuid(patient_id) else None,
        state=FileState(args["state"]) if args.get("state") in set(FileState) else None,
        created_after=now - timedelta(days=AGES[age]) if age in AGES else None,
        created_before=now - timedelta(days=AGES["month"]) if age == OLDER else None,
    )


def asked_place(args: Mapping[str, str]) -> FilePlace | None:
    """Behind which file the page begins; ``None`` for the first page."""
    stamp, _, file_id = args.get("after", "").partition("_")
    try:
        return FilePlace(datetime.strptime(stamp, STAMP), file_id) if file_id else None
    except ValueError:
        return None


def next_link(page: FilePage, args: Mapping[str, str]) -> str | None:
    """The address of the next page with the same filter."""
    if page.next is None:
        return None
    kept = {name: args[name] for name in ("kind", "patient", "state", "age") if args.get(name)}
    return "?" + urlencode({**kept, "after": f"{page.next.created_at:{STAMP}}_{page.next.file_id}"})


def is_uuid(text: str) -> bool:
    """Whether a text is an id as our keys write it."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def asked_uuid(text: str) -> str:
    """An id that somebody typed; raises ``NotFound`` for anything else."""
    if not is_uuid(text.strip().lower()):
        raise NotFound
    return text.strip().lower()


def file_line(listed: ListedFile, words: Words) -> FileLine:
    """A file in words."""
    file = listed.file
    parts = file.key.split("/")
    return FileLine(
        id=file.id,
        name=file.name,
        key=file.key,
        kind=parts[1] if len(parts) == 3 and parts[1] in set(FileKind) else "",
        patient_id=parts[0] if is_uuid(parts[0]) else "",
        size=size_in_words(file.size, words),
        state=listed.state.value,
        created=words.moment(file.created_at),
        creator=listed.created_by or "",
    )


def size_in_words(size: int, words: Words) -> str:
    """``250 KB``."""
    value, unit = float(size), 0
    while value >= 1000 and unit + 1 < len(UNITS):
        value, unit = value / 1000, unit + 1
    return f"{words.number(value, 0 if value >= 10 or unit == 0 else 1)}\u00a0{UNITS[unit]}"


def plan_lines_in_words(plan: PlanShown, words: Words) -> list[PlanLine]:
    """Counts and examples of a plan, and what was left alone."""
    counts = plan.run.counts
    names = {kind.value: [entry.key for entry in plan.examples[kind]] for kind in Kind}
    if plan.run.state is RunState.APPLIED:
        names |= {"failed": []}
    names |= {"skipped": []}
    return [
        PlanLine(
            label=words(f"sync.{name}"),
            count=words.number(counts.get(name, 0), 0),
            done=words.number(counts.get(f"done_{name}", 0), 0),
            keys=keys,
        )
        for name, keys in names.items()
    ]


def may_apply(plan: PlanShown) -> bool:
    """Whether the plan is complete, the newest, not asked for yet, and has something to do."""
    counts = plan.run.counts
    to_do = any(counts.get(kind.value) for kind in Kind if kind.changes)
    return plan.run.state is RunState.PLANNED and plan.is_newest and to_do and plan.run.applied_by is None


def is_busy(run: SyncRun) -> bool:
    """Whether the worker is expected to do something about it: the page looks again by itself."""
    asked = run.state is RunState.PLANNED and run.applied_by is not None and run.reason is None
    return run.state in (RunState.PLANNING, RunState.APPLYING) or asked
