"""The batch table and what stands around it, as pure functions of the batch."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from oximetry.domain.night_numbers import NightNumbers
from oximetry.domain.records import ItemKind, ItemState, UploadItem
from oximetry.services.intake.batch import Batch, BatchRow
from oximetry.services.links import PatientCard
from oximetry.services.readiness import StorageState
from oximetry.web.doctor import aside_view, batch_words, join_view
from oximetry.web.i18n import NO_VALUE, Words
from oximetry.web.numbers import BATCH_TABLE

NEW_LETTERS = string.ascii_uppercase
LISTED_PATIENTS = 60
ALL_WELL = StorageState(state="ok")
ASIDE = (ItemState.REFUSED, ItemState.UNDATED)


@dataclass(frozen=True, slots=True)
class BatchView:
    """Everything that one poll may change; ``digest`` is equal when nothing did.

    ``choices`` are all patients, ``row_choices`` those offered in every row; ``decided`` files have a target,
    ``chosen_nights`` are those of them that are no reports; ``fell_back``: a confirmed file could not be stored;
    ``joins`` ask about files that look like one night.
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
    joins: list[Component]
    storage: list[Component]


def view(
    batch: Batch,
    cards: Sequence[PatientCard],
    words: Words,
    name_of: Callable[[UploadItem], str],
    storage: StorageState = ALL_WELL,
) -> BatchView:
    """Render a batch for the doctor's language."""
    notice = storage_notice(storage, words)
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
    digested = [words.language, batch.session.id, batch.busy, rows, [(item.id, item.state) for item in refused],
            list(labels.values()), opened, [(one.first.id, one.second.id) for one in batch.offers],
            [(row.item.id, row.item.state) for row in batch.rows if row.parts], notice,
            [(row.item.id, row.waits_for) for row in batch.rows], [item.id for item in batch.kept_aside]]  # fmt: skip
    digest = hashlib.sha256(json.dumps(digested, default=str).encode()).hexdigest()
    return BatchView(
        digest=digest,
        rows=rows,
        choices=choices,
        row_choices=choices[: len(NEW_LETTERS) + LISTED_PATIENTS],
        counts=counts(batch, words),
        progress=100.0 * settled / len(batch.rows) if batch.rows else 0.0,
        refused=[*refused_rows, *aside_view.kept_aside(batch.kept_aside, words, name_of)],
        patients=patients,
        readable=len(readable),
        decided=sum(1 for item in readable if item.target),
        chosen_nights=sum(1 for item in readable if item.target and item.kind is ItemKind.RECORDING),
        busy=batch.busy,
        fell_back=any(item.reason not in (None, "cannot_join") for item in readable),
        joins=join_view.listed(batch, words),
        storage=[
            *(html.Div(sentence, className="storage-notice", role="status") for sentence in notice),
            *aside_view.waiting(batch.rows, words),
        ],
    )


def storage_notice(storage: StorageState, words: Words) -> list[str]:
    """What a doctor should know of the object store; nothing while all is well."""
    said = [words(f"storage.{storage.state}")] if storage.state in ("down", "refused") else []
    if storage.pending:
        waits = words.count("storage.pending", storage.pending)
        said.append(words("storage.oldest", waits=waits, time=words.duration(storage.oldest_s)))
    if storage.damaged:
        said.append(words.count("storage.damaged", storage.damaged))
    return said


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
    for name in ("overlaps", "elsewhere", "torn", "by_position", "mismatched"):
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
