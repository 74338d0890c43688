"""The batch table and what stands around it, as pure functions of the batch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from oximetry.domain.clinic import DeviceLoan
from oximetry.domain.listing import PatientLine
from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.records import ItemKind, ItemState, UploadItem
from oximetry.services.intake.assignment import NEW_PATIENT, new_targets
from oximetry.services.intake.batch import Batch, BatchRow
from oximetry.services.intake.doubts import device_of
from oximetry.services.intake.reading import LEFT_ASIDE
from oximetry.services.operations.readiness import StorageState
from oximetry.web.doctor import aside_view, batch_words, join_view
from oximetry.web.doctor.night_rows import patient_name
from oximetry.web.doctor.patients_page import choice_name
from oximetry.web.i18n import NO_VALUE, Words
from oximetry.web.numbers import BATCH_TABLE

SPARE_NEW_PATIENTS = 2
ALL_WELL = StorageState(state="ok")
ASIDE = (ItemState.REFUSED, ItemState.UNDATED)
_BUSY = (ItemState.RECEIVED, ItemState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class People:
    """The patients that a batch's page names.

    ``known`` are those whom a file, a stored night or a loan points to, ``recent`` those offered besides; ``loans``
    are the open ones by device, ``back_until`` the end of the hour in which the batch can be taken back.
    """

    known: Mapping[str, PatientLine] = field(default_factory=dict)
    recent: Sequence[PatientLine] = ()
    loans: Mapping[str, DeviceLoan] = field(default_factory=dict)
    back_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchView:
    """Everything that one poll may change; ``digest`` is equal when nothing did.

    ``choices`` are the patients offered in every row; ``decided`` files have a target, ``chosen_nights`` are those of
    them that are no reports; ``fell_back``: a confirmed file could not be stored; ``joins`` ask about files that look
    like one night; ``confirmed``: some file was given to a patient already.
    """

    digest: str
    rows: list[dict[str, Any]]
    choices: list[dict[str, str]]
    counts: str
    progress: float
    refused: list[Component]
    readable: int
    decided: int
    chosen_nights: int
    busy: bool
    fell_back: bool
    joins: list[Component]
    storage: list[Component]
    confirmed: bool
    back_until: datetime | None


def view(
    batch: Batch,
    people: People,
    words: Words,
    name_of: Callable[[UploadItem], str],
    storage: StorageState = ALL_WELL,
) -> BatchView:
    """Render a batch for the doctor's language."""
    notice = storage_notice(storage, words)
    labels = target_labels(batch, people, words)
    choices = [{"value": target, "label": label} for target, label in labels.items()]
    shown = [row for row in batch.rows if row.item.state not in ASIDE and row.item.kind is not ItemKind.ARCHIVE]
    rows = grouped(shown, batch, people, choices, labels, words, name_of)
    refused = [row.item for row in batch.rows if row.item.state in ASIDE]
    readable = batch.readable
    settled = sum(row.item.state not in _BUSY for row in batch.rows)
    refused_rows = [refused_row(item, words, name_of) for item in refused]
    confirmed = any(row.item.patient_id is not None for row in batch.rows)
    digested = [words.language, batch.session.id, batch.busy, rows, [(item.id, item.state) for item in refused],
                list(labels.values()), [(one.first.id, one.second.id) for one in batch.offers],
                [(row.item.id, row.item.state) for row in batch.rows if row.parts], notice, confirmed,
                [(row.item.id, row.waits_for) for row in batch.rows], [item.id for item in batch.kept_aside],
                people.back_until, batch.queue and (batch.queue.files, batch.queue.seconds)]  # fmt: skip
    digest = hashlib.sha256(json.dumps(digested, default=str).encode()).hexdigest()
    return BatchView(
        digest=digest,
        rows=rows,
        choices=choices,
        counts=counts(batch, words),
        progress=100.0 * settled / len(batch.rows) if batch.rows else 0.0,
        refused=[*refused_rows, *aside_view.kept_aside(batch.kept_aside, words, name_of)],
        readable=len(readable),
        decided=sum(1 for item in readable if item.target),
        chosen_nights=sum(1 for item in readable if item.target and item.kind is ItemKind.RECORDING),
        busy=batch.busy,
        fell_back=any(item.reason not in (None, "cannot_join") for item in readable),
        joins=join_view.listed(batch, words),
        storage=[
            *(html.Div(sentence, className="msg warn", role="status") for sentence in notice),
            *aside_view.waiting(batch.rows, words),
        ],
        confirmed=confirmed,
        back_until=people.back_until,
    )


def grouped(
    rows: Sequence[BatchRow],
    batch: Batch,
    people: People,
    choices: Sequence[Mapping[str, str]],
    labels: Mapping[str, str],
    words: Words,
    name_of: Callable[[UploadItem], str],
) -> list[dict[str, Any]]:
    """The rows by device, each device's behind a head of its own; within one, by the time of the night."""
    devices: dict[str, list[BatchRow]] = {}
    for row in rows:
        devices.setdefault(_device(row.item), []).append(row)
    shown: list[dict[str, Any]] = []
    for device, of_device in sorted(devices.items(), key=lambda pair: (pair[1][0].item.device_serial is None, pair[0])):
        of_device.sort(key=_when)
        if any(row.item.kind is ItemKind.RECORDING and row.item.numbers for row in of_device):
            shown.append(_head(device, of_device, batch, people, choices, labels, words))
        shown += [table_row(row, labels, words, name_of) for row in of_device]
    return shown


def _when(row: BatchRow) -> tuple[bool, str, int]:
    """By the time of the night; what has none comes last."""
    begun = row.item.started_at
    return begun is None, begun.isoformat() if begun else "", row.item.number


def _device(item: UploadItem) -> str:
    return device_of(item) if item.kind is ItemKind.RECORDING else item.device_serial or item.id


def _head(
    device: str,
    rows: Sequence[BatchRow],
    batch: Batch,
    people: People,
    choices: Sequence[Mapping[str, str]],
    labels: Mapping[str, str],
    words: Words,
) -> dict[str, Any]:
    """The head of one device's nights."""
    nights = [row.item for row in rows if row.item.kind is ItemKind.RECORDING and row.item.numbers]
    open_items = [item for item in nights if item.state is ItemState.READ]
    targets = {item.patient_id or item.target for item in nights}
    (target,) = targets if len(targets) == 1 else ("",)
    serial, model = nights[0].device_serial, nights[0].numbers.device_model if nights[0].numbers else None
    named = words("intake.device", device=serial) if serial else words("intake.device_unknown")
    loan = people.loans.get(device)
    lent_to = people.known.get(loan.patient_id) if loan else None
    said = ""
    if loan and lent_to:
        name = patient_name(lent_to.number, lent_to.label, words)
        said = words("intake.loan", device=serial, patient=name, day=words.day(loan.lent_at))
    elif len(targets) > 1:
        said = words("intake.several_patients")
    return {
        "id": f"device-{device}",
        "group": True,
        "open": bool(open_items),
        "items": [item.id for item in open_items],
        "device": named,
        "summary": " · ".join(part for part in (model, words.count("intake.nights", len(nights))) if part),
        "target": target or "",
        "options": list(choices),
        "patient": labels.get(target or "", ""),
        "label": batch.session.labels.get(target or "", ""),
        "loan": said,
        "state": _state_of(loan, target or "", words),
        "nobody": words("column.choose"),
        "choose": words("intake.patient_of", device=named),
        "label_hint": words("intake.label_hint"),
        "label_name": words("intake.label_of", device=named),
    }


def _state_of(loan: DeviceLoan | None, target: str, words: Words) -> str:
    if not target:
        return ""
    if loan is not None and loan.patient_id == target:
        return words("intake.from_loan")
    return words("intake.new_patient") if target.startswith(NEW_PATIENT) else ""


def storage_notice(storage: StorageState, words: Words) -> list[str]:
    """What a doctor should know of the object store; nothing while all is well."""
    said = [words(f"storage.{storage.state}")] if storage.state in ("down", "refused") else []
    if storage.pending:
        waits = words.count("storage.pending", storage.pending)
        said.append(words("storage.oldest", waits=waits, time=words.duration(storage.oldest_s)))
    if storage.damaged:
        said.append(words.count("storage.damaged", storage.damaged))
    return said


def target_labels(batch: Batch, people: People, words: Words) -> dict[str, str]:
    """Target → what the doctor reads: new patients in use and two to spare, then those whom the batch points to, then
    the latest others."""
    used = {row.item.target for row in batch.rows if row.item.target}
    new: dict[str, str] = {}
    spare = 0
    for target in new_targets():
        spare += target not in used
        letter = target.removeprefix(NEW_PATIENT)
        name = batch.session.labels.get(target)
        new[target] = words("patients.new_named", label=name) if name else words("patients.new_letter", letter=letter)
        if spare > SPARE_NEW_PATIENTS and used <= {*new, *people.known}:
            break
    known = {line.patient_id: choice_name(line, words) for line in (*people.known.values(), *people.recent)}
    return {**new, **known}


def counts(batch: Batch, words: Words) -> str:
    """``12 fișiere · 10 citite · 1 refuzat · 1 în lucru``, and what is waited for: a phone shows no remarks."""
    states = [row.item.state for row in batch.rows for _ in (row.item, *row.parts)]
    if not states:
        return ""
    read = sum(state in (ItemState.READ, ItemState.CONFIRMED, ItemState.STORED, ItemState.EXPANDED) for state in states)
    parts = [words.count("batch.files", len(states)), words.count("batch.read", read)]
    refused, busy = (
        states.count(ItemState.REFUSED),
        states.count(ItemState.RECEIVED) + states.count(ItemState.CONFIRMED),
    )
    stored = states.count(ItemState.STORED)
    parts += [words.count("batch.stored", stored)] if stored else []
    parts += [words.count("batch.refused", refused)] if refused else []
    parts += [words.count("batch.busy", busy)] if busy else []
    left_aside = sum(int(row.item.details.get(LEFT_ASIDE, 0)) for row in batch.rows)
    parts += [words.count("batch.left_aside", left_aside)] if left_aside else []
    if batch.queue is not None:
        parts.append(words.count("batch.ahead", batch.queue.files, seconds=batch.queue.seconds))
    waits = dict.fromkeys(row.waits_for for row in batch.rows if row.waits_for)
    parts += [words("remark.waits", reason=words.reason(reason, {})) for reason in waits]
    return " · ".join(parts)


def table_row(
    row: BatchRow, labels: Mapping[str, str], words: Words, name_of: Callable[[UploadItem], str]
) -> dict[str, Any]:
    """One line of the table; numbers for sorting, ``*_text`` for reading."""
    item, numbers = row.item, row.item.numbers
    name = " + ".join(name_of(one) for one in (item, *row.parts))
    remarks = batch_words.remarks(row, words, name_of)
    state = words(f"state.{item.state.value}")
    return {
        "id": item.id,
        "open": item.state is ItemState.READ,
        "spark": item.sparkline,
        "started": item.started_at.isoformat() if item.started_at else "",
        "night_text": batch_words.night_text(item, words) or name,
        "hours_text": batch_words.hours_text(item),
        "file_name": name,
        "warns": bool(remarks),
        "group": False,
        "device": " ".join(part for part in (numbers and numbers.device_model, item.device_serial) if part) or NO_VALUE,
        **number_cells(numbers, words),
        "pdf": "✓" if row.report or item.kind is ItemKind.REPORT else NO_VALUE,
        "patient": labels.get(item.patient_id or row.joins_at or item.target or "", ""),
        "target": item.target or "",
        "remarks": " · ".join(
            ([] if item.state is ItemState.READ or row.waits_for else [state])
            + [one.removesuffix(".") for one in batch_words.remarks(row, words, name_of, brief=True)]
        ),
        "remarks_long": " ".join(remarks),
    }


def number_cells(numbers: NightNumbers | None, words: Words) -> dict[str, Any]:
    """The numbers of a line: for sorting by their names, for reading as ``<name>_text``; empty for what is no night."""
    if numbers is None:
        return {shown.name: None for shown in BATCH_TABLE} | {f"{shown.name}_text": "" for shown in BATCH_TABLE}
    values = {shown.name: shown.sort_value(numbers) for shown in BATCH_TABLE}
    return values | {f"{shown.name}_text": shown.text(numbers, words) for shown in BATCH_TABLE}


def same_patient_again(batch: Batch) -> str | None:
    """The patient to whom every file still to be decided was given when it could not be stored, if it is one."""
    targets = {item.target if item.reason else None for item in batch.readable}
    (target,) = targets if len(targets) == 1 else (None,)
    return target


def doubts(batch: Batch, doubtful_ids: Mapping[str, object], words: Words) -> list[Component]:
    """What stopped the click: the kinds of doubt, each with its nights."""
    nights = {row.item.id: row.item for row in batch.rows}
    said: list[Component] = []
    for name in ("devices", "overlaps", "elsewhere", "torn", "by_position", "mismatched"):
        item_ids = doubtful_ids.get(name)
        doubtful = [nights[one] for one in item_ids if one in nights] if isinstance(item_ids, list) else []
        if doubtful:
            said.append(html.P(words(f"doubts.{name}")))
            said.append(html.Ul([html.Li(batch_words.in_a_line(item, words)) for item in doubtful]))
    return said


def refused_row(item: UploadItem, words: Words, name_of: Callable[[UploadItem], str]) -> Component:
    """Why a file was refused, beside its name, and the way to take it out; or the question when it began."""
    asked = [
        dcc.Input(id={"type": "start", "item": item.id}, type="datetime-local", step=1),
        html.Button(words("batch.give_start"), id={"type": "give-start", "item": item.id}, className="btn second"),
    ]
    return html.Div(
        [
            html.Span("?" if item.state is ItemState.UNDATED else "✕", className="refused-mark"),
            html.Strong(name_of(item)),
            html.Span(words.reason(item.reason or "unexpected", item.details)),
            *(asked if item.state is ItemState.UNDATED else []),
            html.Button(words("batch.take_out"), id={"type": "take-out", "item": item.id}, className="btn text calm"),
        ],
        className="refused-row",
    )
