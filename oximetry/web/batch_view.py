"""The batch table and what stands around it, as pure functions of the batch."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from oximetry.domain.records import ItemKind, ItemState, UploadItem
from oximetry.services.batch import Batch, BatchRow
from oximetry.web.i18n import NO_VALUE, Words
from oximetry.web.night_view import lowest
from patient_links import PatientCard

NEW_LETTERS = string.ascii_uppercase
LISTED_PATIENTS = 60
LOWEST_MEASURED = 60  # where a night that went below the device's range stands when the column is sorted
ASIDE = (ItemState.REFUSED, ItemState.UNDATED)


@dataclass(frozen=True, slots=True)
class BatchView:
    """Everything that one poll may change; ``digest`` is equal when nothing did.

    ``choices`` are all patients, ``row_choices`` those offered in every row; ``decided`` files have a target,
    ``chosen_nights`` are those of them that are no reports; ``fell_back``: a confirmed file could not be stored.
    """

    digest: str
    rows: list[dict[str, Any]]
    choices: list[dict[str, str]]
    row_choices: list[dict[str, str]]
    counts: str
    progress: float
    refused: list[Component]
    patients: list[str]
    readable: int
    decided: int
    chosen_nights: int
    busy: bool
    fell_back: bool


def view(batch: Batch, cards: Sequence[PatientCard], words: Words, name_of: Callable[[UploadItem], str]) -> BatchView:
    """Render a batch for the doctor's language."""
    labels = target_labels(cards, words)
    choices = [{"value": target, "label": label} for target, label in labels.items()]
    shown = [row for row in batch.rows if row.item.state not in ASIDE]
    rows = [table_row(row, labels, words, name_of) for row in shown if row.item.kind is not ItemKind.ARCHIVE]
    refused = [row.item for row in batch.rows if row.item.state in ASIDE]
    readable = batch.readable
    refused_rows = [refused_row(item, words, name_of) for item in refused]
    settled = sum(row.item.state not in (ItemState.RECEIVED, ItemState.CONFIRMED) for row in batch.rows)
    patients = [card.patient.id for card in cards if any(row.item.patient_id == card.patient.id for row in batch.rows)]
    opened = [(card.link.id, card.link.opened_count) for card in cards if card.link and card.patient.id in patients]
    told = [words.language, batch.session.id, batch.busy, rows, [(item.id, item.state) for item in refused],
            list(labels.values()), opened]  # fmt: skip
    digest = hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()
    return BatchView(
        digest=digest,
        rows=rows,
        choices=choices,
        row_choices=choices[: len(NEW_LETTERS) + LISTED_PATIENTS],
        counts=counts(batch, words),
        progress=100.0 * settled / len(batch.rows) if batch.rows else 0.0,
        refused=refused_rows,
        patients=patients,
        readable=len(readable),
        decided=sum(1 for item in readable if item.target),
        chosen_nights=sum(1 for item in readable if item.target and item.kind is ItemKind.RECORDING),
        busy=batch.busy,
        fell_back=any(item.reason for item in readable),
    )


def target_labels(cards: Sequence[PatientCard], words: Words) -> dict[str, str]:
    """Target → what the doctor reads: new patients A to Z, then all of the doctor's own, newest first."""
    new = {f"new:{letter}": words("patients.new_letter", letter=letter) for letter in NEW_LETTERS}
    return {**new, **{card.patient.id: patient_name(card, words) for card in cards}}


def patient_name(card: PatientCard, words: Words) -> str:
    """``Pacient 12 · etichetă``: the number is the practice's own, the label the doctor's."""
    name = words("patients.numbered", number=card.patient.number)
    return f"{name} · {card.patient.label}" if card.patient.label else name


def counts(batch: Batch, words: Words) -> str:
    """``12 fișiere · 10 citite · 1 refuzat · 1 în lucru``, and what is waited for: a phone shows no remarks."""
    states = [row.item.state for row in batch.rows]
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
    waits = dict.fromkeys(row.waits_for for row in batch.rows if row.waits_for)
    parts += [words("remark.waits", reason=words.reason(reason, {})) for reason in waits]
    return " · ".join(parts)


def table_row(
    row: BatchRow, labels: Mapping[str, str], words: Words, name_of: Callable[[UploadItem], str]
) -> dict[str, Any]:
    """One line of the table; numbers for sorting, ``*_text`` for reading."""
    item, numbers = row.item, row.item.numbers or {}
    below90 = numbers["time_below_pct"]["90"] if numbers else None
    state = words(f"state.{item.state.value}")
    return {
        "id": item.id,
        "open": item.state is ItemState.READ,
        "spark": item.sparkline,
        "started": item.started_at.isoformat() if item.started_at else "",
        "night_text": night_text(item, words) or name_of(item),
        "hours_text": hours_text(item),
        "file_name": name_of(item),
        "warns": bool(remarks(row, words)),
        "device": " ".join(part for part in (numbers.get("device_model"), item.device_serial) if part) or NO_VALUE,
        "duration": numbers.get("recorded_s"),
        "duration_text": words.duration(numbers["recorded_s"]) if numbers else "",
        "odi3": numbers.get("odi3_per_h"),
        "odi3_text": words.number(numbers.get("odi3_per_h")) if numbers else "",
        "odi4": numbers.get("odi4_per_h"),
        "odi4_text": words.number(numbers.get("odi4_per_h")) if numbers else "",
        "below90": below90,
        "below90_text": words.percent(below90) if numbers else "",
        "lowest": LOWEST_MEASURED if numbers.get("below_range_s") else numbers.get("spo2_min_pct"),
        "lowest_text": lowest(numbers, words) if numbers else "",
        "pdf": "✓" if row.report or item.kind is ItemKind.REPORT else NO_VALUE,
        "patient": labels.get(item.patient_id or item.target or "", ""),
        "target": item.target or "",
        "remarks": " · ".join(
            ([] if item.state is ItemState.READ or row.waits_for else [state]) + remarks(row, words, brief=True)
        ),
        "remarks_long": " ".join(remarks(row, words)),
    }


def night_text(item: UploadItem, words: Words) -> str:
    """``15/16 oct. 2025``."""
    if item.started_at is None:
        return ""
    return f"{words.night(item.started_at, short=True)} {(item.started_at + timedelta(hours=12)).year}"


def hours_text(item: UploadItem) -> str:
    """``20:35–06:35``."""
    if item.started_at is None:
        return ""
    return f"{item.started_at:%H:%M}" + (f"–{item.ended_at:%H:%M}" if item.ended_at else "")


def same_patient_again(batch: Batch) -> str | None:
    """The patient to whom every file still to be decided was given when it could not be stored, if it is one."""
    targets = {item.target if item.reason else None for item in batch.readable}
    (target,) = targets if len(targets) == 1 else (None,)
    return target


def remarks(row: BatchRow, words: Words, *, brief: bool = False) -> list[str]:
    """What the doctor should know before confirming; ``brief`` for the narrow column, whole sentences elsewhere."""
    item = row.item
    kind = "brief" if brief else "warning"
    warnings = (item.numbers or {}).get("warnings", [])
    said = [words(f"{kind}.{warning['code']}", **warning) for warning in warnings]
    if row.stored_at:
        here = item.patient_id or item.target
        elsewhere = any(patient != here for patient in row.stored_at)
        said.insert(0, words("remark.same_night_elsewhere" if elsewhere and here else "remark.same_night_stored"))
    if item.kind is ItemKind.REPORT:
        said.append(words("remark.lone_report"))
    if row.waits_for:
        said.insert(0, words("remark.waits", reason=words.reason(row.waits_for, {})))
    if item.reason and item.state is ItemState.READ:
        said.insert(0, words.reason(item.reason, item.details))
    return said


def refused_row(item: UploadItem, words: Words, name_of: Callable[[UploadItem], str]) -> Component:
    """Why a file was refused, beside its name, and the way to take it out; or the question when it began."""
    asked = [
        dcc.Input(id={"type": "start", "item": item.id}, type="datetime-local", step=1),
        html.Button(words("batch.give_start"), id={"type": "give-start", "item": item.id}, className="action"),
    ]
    return html.Div(
        [
            html.Span("?" if item.state is ItemState.UNDATED else "✕", className="refused-mark"),
            html.Strong(name_of(item)),
            html.Span(words.reason(item.reason or "unexpected", item.details)),
            *(asked if item.state is ItemState.UNDATED else []),
            html.Button(words("batch.take_out"), id={"type": "take-out", "item": item.id}, className="quiet-action"),
        ],
        className="refused-row",
    )
