"""Every number of every screen beside the value worked by hand from the made-up night, in which no two are equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from oximetry.cli import nights as cli_nights
from oximetry.domain.desaturation import MEAN_120S
from oximetry.domain.device_report import NUMBER_FIELDS, Band, DeviceReport
from oximetry.domain.night_numbers import NightNumbers, UsedRule
from oximetry.domain.quality import Exclusion
from oximetry.domain.recording import Recording
from oximetry.domain.records import Night, NightState
from oximetry.services.intake.staged import StagedReport
from oximetry.services.nights.analysis import report_on
from oximetry.services.nights.nights import NightCard
from oximetry.web import figure_layout, report_view, vendor_view
from oximetry.web.doctor import batch_view, doctor_page, night_view, patients_view
from oximetry.web.i18n import words
from oximetry.web.patient import patient_page
from tests.made_up_numbers import NUMBERS, night_numbers

RO = words("ro")
NBSP = "\u00a0"
BELOW_RANGE = night_numbers(below_range_s=396.0, below_range_runs=2)  # 6.6 minutes
UNKNOWN = night_numbers(odi3_per_h=float("nan"), odi4_per_h=float("nan"), desaturations3=None, desaturations4=None)


def nodes(component: Any) -> Iterator[Any]:
    """A component and everything in it, in the order of the page."""
    if isinstance(component, list | tuple):
        for part in component:
            yield from nodes(part)
    elif component is not None:
        yield component
        yield from nodes(getattr(component, "children", None))


def text(component: Any) -> str:
    """What a component says, without its form."""
    return "".join(str(node) for node in nodes(component) if isinstance(node, str | int | float)).replace(NBSP, " ")


def parts(component: Any, kind: str) -> list[Any]:
    """The elements of a kind inside a component."""
    return [node for node in nodes(component) if type(node).__name__ == kind]


def night(numbers: NightNumbers) -> NightCard:
    """The made-up night as it is stored."""
    stored = Night(
        id="n", patient_id="p", doctor_id="d", state=NightState.STORED, moving_to=None, format=numbers.format,
        device_model=None, device_serial="0331", started_at=numbers.started_at, ended_at=numbers.ended_at,
        original_sha256="", created_at=numbers.started_at, removed_at=None, analysis_id="a", numbers=numbers,
    )  # fmt: skip
    return NightCard(stored, None, None, None, ())


def night_panel(numbers: NightNumbers) -> dict[str, str]:
    """Name and number of each cell of the doctor's night panel."""
    summaries = parts(night_view.number_row(numbers, RO), "Summary")
    return {text(summary.children[1]): text(summary.children[0]) for summary in summaries}


def batch_table(numbers: NightNumbers) -> dict[str, str]:
    """Heading and number of each cell of a row of the batch table."""
    cells = batch_view.number_cells(numbers, RO)
    shown = {}
    for column in doctor_page.columns(RO, []):
        name = str(column["field"])
        if f"{name}_text" in cells:
            assert column["valueFormatter"] == {"function": f"params.data.{name}_text"}
            shown[str(column["headerName"])] = cells[f"{name}_text"].replace(NBSP, " ")
    return shown


def night_row(numbers: NightNumbers) -> str:
    """The line under a night's title in the patients' list."""
    return text(parts(patients_view.night_row(night(numbers), (), RO), "Span")[0])


def patient_numbers(numbers: NightNumbers) -> dict[str, str]:
    """Name and number of the three large numbers of the patient's page."""
    card = patient_page.night_card(night(numbers), RO, is_open=True)
    return {text(name): text(value) for name, value in zip(parts(card, "Dt"), parts(card, "Dd"), strict=True)}


def command_line(numbers: NightNumbers) -> dict[str, str]:
    """Heading and number of each column that ``analyse`` prints."""
    report: Any = SimpleNamespace(filename="a.csv", numbers=numbers, analysis=SimpleNamespace(warnings=()))
    head, row = cli_nights._table([report], RO)
    cells = [cell.strip() for cell in row.split("  ") if cell.strip()]
    return dict(zip([name.strip() for name in head.split("  ") if name.strip()], cells, strict=True))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ODI3 (pe oră)", "24,6"),
        ("ODI4 (pe oră)", "15,3"),
        ("sub 90 %", "31,6 %"),
        ("la 88 % sau mai jos", "105,3 min"),
        ("minim", "71 %"),
        ("medie", "91,6 %"),
        ("puls mediu (/min)", "64"),
        ("timp valid", "8,10 h"),
    ],
)
def test_a_cell_of_the_night_panel(name: str, shown: str) -> None:
    assert night_panel(NUMBERS)[name] == shown


@pytest.mark.parametrize(
    ("heading", "shown"),
    [("Durata", "9 h 01"), ("ODI3", "24,6"), ("ODI4", "15,3"), ("< 90 %", "31,6 %"), ("Minim", "71 %")],
)
def test_a_cell_of_the_batch_table(heading: str, shown: str) -> None:
    assert batch_table(NUMBERS)[heading] == shown


@pytest.mark.parametrize(
    ("name", "sorted_by"),
    [("duration", 32460.0), ("odi3", 24.57), ("odi4", 15.31), ("below90", 31.6), ("lowest", 71.0)],
)
def test_a_column_of_the_batch_table_is_sorted_by_the_number_it_shows(name: str, sorted_by: float) -> None:
    assert batch_view.number_cells(NUMBERS, RO)[name] == sorted_by


def test_no_screen_shows_more_cells_than_are_checked_here() -> None:
    shown = (night_panel, batch_table, patient_numbers, command_line)
    assert [len(screen(NUMBERS)) for screen in shown] == [8, 5, 3, 9]


def test_a_night_in_the_patients_list() -> None:
    assert night_row(NUMBERS) == "ODI3 24,6 · ODI4 15,3 · sub 90 % 31,6 % · minim 71 %"


@pytest.mark.parametrize(
    ("name", "shown"), [("oxigen mediu", "92 %"), ("cel mai mic", "71 %"), ("din timp sub 90 %", "32 %")]
)
def test_a_large_number_of_the_patients_page(name: str, shown: str) -> None:
    assert patient_numbers(NUMBERS)[name] == shown  # the median would be 93 %


def test_the_sentences_of_the_patients_page() -> None:
    card = night(NUMBERS)
    sentence = "Graficul nopții: oxigen mediu 92 %, cel mai mic 71 %, 32 % din timp sub 90 %."
    assert patient_page.summary_sentence(card, RO) == sentence
    said = text(patient_page.night_card(card, RO, is_open=True))
    assert "Aparatul a măsurat 8,1 ore." in said
    assert "Au fost numărate 199 scăderi de cel puțin 3 %" in said
    assert CAPTION in said


@pytest.mark.parametrize(
    ("heading", "shown"),
    [
        ("Fișier", "a.csv"),
        ("Început", "2025-10-15 20:35"),
        ("Durată", f"9{NBSP}h{NBSP}01"),
        ("Timp valid", f"8{NBSP}h{NBSP}06"),
        ("ODI3/h", "24,6"),
        ("ODI4/h", "15,3"),
        ("T90 min", "153,6"),
        ("SpO2 minim", "71"),
        ("SpO2 mediu", "91,6"),
    ],
)
def test_a_column_of_the_command_line(heading: str, shown: str) -> None:
    assert command_line(NUMBERS)[heading] == shown


CAPTION = "Regula peak-nadir v2: ODI3 24,6/h, ODI4 15,3/h · Regula mean-120s v2: ODI3 8,8/h, ODI4 4,7/h"


def test_the_caption_names_both_rules_with_their_numbers() -> None:
    assert figure_layout.caption(NUMBERS, RO) == CAPTION
    companion = UsedRule("mean-120s", 3, {})
    assert "Regula mean-120s v3: ODI3 8,8/h" in figure_layout.caption(night_numbers(companion_rule=companion), RO)
    assert figure_layout.caption(night_numbers(companion_rule=None), RO) == CAPTION
    assert MEAN_120S.version == 2


def test_the_picture_carries_that_caption() -> None:
    report = report_on("a.csv", recording([95.0] * 200))
    inside = figure_layout.picture_parts(report.recording, report.analysis, NUMBERS, RO)
    assert CAPTION in [one["text"] for one in inside["annotations"]]


# a night below the device's range, an unknown number, a short night


def test_a_night_below_the_devices_range_has_no_lowest_number_anywhere() -> None:
    assert night_panel(BELOW_RANGE)["minim"] == "< 61 %"
    assert batch_table(BELOW_RANGE)["Minim"] == "< 61 %"
    assert batch_view.number_cells(BELOW_RANGE, RO)["lowest"] == 60.0
    assert night_row(BELOW_RANGE).endswith("minim < 61 %")
    assert patient_numbers(BELOW_RANGE)["cel mai mic"] == "< 61 %"
    assert "cel mai mic < 61 %" in patient_page.summary_sentence(night(BELOW_RANGE), RO)
    assert command_line(BELOW_RANGE)["SpO2 minim"] == "< 61"
    assert "Timp de 6,6 minute" in text(patient_page.night_card(night(BELOW_RANGE), RO, is_open=True))


def test_a_number_that_cannot_be_known_is_a_dash_and_never_zero() -> None:
    assert (night_panel(UNKNOWN)["ODI3 (pe oră)"], batch_table(UNKNOWN)["ODI4"]) == ("–", "–")
    assert batch_view.number_cells(UNKNOWN, RO)["odi3"] is None
    assert "prea rar" in text(patient_page.night_card(night(UNKNOWN), RO, is_open=True))
    no_pulse = night_numbers(pulse_mean_bpm=float("nan"), spo2_mean_pct=float("nan"))
    assert (night_panel(no_pulse)["puls mediu (/min)"], night_panel(no_pulse)["medie"]) == ("–", "–")


@pytest.mark.parametrize(("valid_s", "is_said"), [(4 * 3600.0 - 4.0, True), (4 * 3600.0, False), (3600.0, True)])
def test_the_patients_page_says_that_a_night_is_short_below_four_valid_hours(valid_s: float, is_said: bool) -> None:
    card = text(patient_page.night_card(night(night_numbers(valid_s=valid_s)), RO, is_open=True))
    assert ("sub 4 ore valide" in card) is is_said


def test_the_patients_page_says_how_much_was_left_out() -> None:
    assert "Medicul a lăsat deoparte 14 min" in text(
        patient_page.night_card(night(night_numbers(excluded_s=840.0)), RO, is_open=True)
    )
    assert "lăsat deoparte" not in text(patient_page.night_card(night(NUMBERS), RO, is_open=True))


# what opens behind a number of the night panel


BANDS = {
    "odi3_per_h": (20.1, 30.9),
    "odi4_per_h": (11.2, 19.8),
    "spo2_mean_pct": (88.3, 92.7),
    "t90_min": (140.4, 160.6),
    "t_le88_min": (99.5, 121.5),
    **{f"time_below_pct.{limit}": (limit / 10, limit / 10 + 0.5) for limit in (95, 92, 90, 88, 85, 80, 70)},
}


@pytest.mark.parametrize(
    ("name", "band", "definition"),
    [
        ("ODI3 (pe oră)", "între 20,1 și 30,9", "cel puțin 3 % pe oră de timp valid, după regula peak-nadir v2"),
        ("ODI4 (pe oră)", "între 11,2 și 19,8", "cel puțin 4 % (regula peak-nadir v2)"),
        ("sub 90 %", "între 9,0 și 9,5", "strict sub 90 %"),
        ("la 88 % sau mai jos", "între 99,5 și 121,5", "88 % sau mai mic"),
        ("minim", None, "Cea mai mică valoare măsurată"),
        ("medie", "între 88,3 și 92,7", "Media valorilor SpO2 valide"),
        ("puls mediu (/min)", None, "pulsului"),
        ("timp valid", None, "Ore cu valori SpO2"),
    ],
)
def test_a_number_opens_to_its_own_definition_and_band(name: str, band: str | None, definition: str) -> None:
    row = night_view.number_row(night_numbers(uncertainty=BANDS, excluded_s=840.0), RO)
    opened = {text(parts(one, "Summary")[0].children[1]): text(parts(one, "P")) for one in parts(row, "Details")}[name]
    assert definition in opened
    assert (f"la extreme: {band}." in opened) if band else ("la extreme" not in opened)
    assert "Din 7.290 eșantioane valide din 8.115 (excluse: 210), unul la 4 s, format viatom_csv." in opened


# the details under the plot, of a recording of an hour and a half


def recording(spo2_pct: list[float]) -> Recording:
    """Every 4 s from 22:00, pulse 60 wherever SpO2 is."""
    spo2 = np.array(spo2_pct)
    return Recording(
        format="made_up", device_model=None, device_serial=None, started_at=datetime(2025, 10, 15, 22, 0),
        time_s=np.arange(spo2.size) * 4.0, spo2_pct=spo2, pulse_bpm=np.where(np.isnan(spo2), np.nan, 60.0),
        motion=np.zeros(spo2.size), gap_row=np.zeros(spo2.size, bool), sampling_interval_s=4.0,
        clock_set_back_at_s=None, notes=(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def dipping() -> Any:
    """1350 rows at 95 %: dips of 3, 5, 8 and 7 %, two minutes missing, forty seconds left out."""
    spo2 = [95.0] * 1350
    for row, depth, rows in ((100, 3, 5), (300, 5, 5), (500, 8, 25), (1000, 7, 5)):
        spo2[row : row + rows] = [95.0 - depth] * rows
    spo2[1200:1230] = [float("nan")] * 30
    return report_on("a.csv", recording(spo2), (Exclusion(5200.0, 5236.0),))


def tables(component: Any) -> list[dict[str, Any]]:
    """The tables inside a component, as data."""
    found = [getattr(node, "data-table", None) for node in parts(component, "Div")]
    return [json.loads(table.replace(NBSP, " ")) for table in found if table]


def test_the_hours_halves_and_shares_of_a_night(dipping: Any) -> None:
    spread = night_view.spread(dipping, RO)
    hours, shares = tables(spread)
    assert hours["head"] == ["De la", "ODI3 (pe oră)", "≥ 3 %", "≥ 4 %"]
    # the second stretch has 410 valid rows, 27.3 minutes: too few for a rate
    assert hours["rows"] == [["22:00", "3,0", 3, 2], ["23:00", "–", 1, 1]]
    # 3 events in 0.75 h; 1 in 635 rows, 0.7056 h
    assert "ODI3 în prima jumătate 4,0, în a doua 1,4 pe oră." in text(spread)
    assert "la 88 % sau mai jos: 1,7 min." in text(spread)  # 25 rows of 4 s, of 30
    # of 1310 valid rows: 1270 at 95, 5 each at 92, 90 and 88, 25 at 87
    assert shares["rows"] == [[95, "96,9 %"], [92, "0,4 %"], [90, "0,4 %"], [88, "0,4 %"], [87, "1,9 %"]]


def test_the_events_of_a_night(dipping: Any) -> None:
    (events,) = tables(night_view.events(dipping, RO))
    assert events["head"] == ["Început", "Durată", "Scădere", "Minim"]
    assert [[row[0]["text"], *row[1:]] for row in events["rows"]] == [
        ["22:06:36", "24 s", "3 %", "92 %"],
        ["22:19:56", "24 s", "5 %", "90 %"],
        ["22:33:16", "104 s", "8 %", "87 %"],
        ["23:06:36", "24 s", "7 %", "88 %"],
    ]


def test_the_states_of_a_nights_samples(dipping: Any) -> None:
    states = tables(night_view.quality(dipping, RO))[0]["rows"]
    assert [minutes for _, minutes in states] == ["87,3 min", "0,0 min", "0,7 min", "2,0 min", "0,0 min", "0,0 min"]
    assert [name for name, _ in states][:4] == ["Valide", "Sub 61 %, nemăsurate de aparat", "Excluse de medic", "Lipsă"]


# the vendor's report


UNREAD = ("ended_at", "threshold_pct", "carries_name")
REPORT = DeviceReport(
    started_at=datetime(2025, 10, 15, 20, 35),
    duration_s=32468,
    spo2_max_pct=99,
    spo2_mean_pct=90,
    spo2_min_pct=70,
    pulse_max_bpm=113,
    pulse_mean_bpm=66,
    pulse_min_bpm=45,
    o2_score=3.6,
    drops_over_4pct=95,
    drops_over_4pct_per_h=10.5,
    drops_over_3pct=143,
    drops_over_3pct_per_h=15.8,
    spo2_bands=(Band("90-94", 16000, 50.25),),
    pulse_bands=(Band("50-120", 32000, 98.75),),
    uncertain=UNREAD,
)


def compared_rows() -> dict[str, list[str]]:
    """Number of the report, ours and the difference, by name; the second row of a band is its time."""
    (details,) = report_view.beside_ours([StagedReport(REPORT, None, REPORT.started_at)], NUMBERS, RO)
    rows = [[text(cell) for cell in parts(row, "Td")] for row in parts(details, "Tr")]
    shown: dict[str, list[str]] = {}
    for row in rows[1:]:
        shown[row[0] if row[0] not in shown else f"{row[0]} time"] = row[1:4]
    return shown


@pytest.mark.parametrize(
    ("name", "theirs", "ours", "difference"),
    [
        ("durată", "9:01:08", "9:01:00", "8"),
        ("SpO2 maximă (%)", "99", "98", "1,00"),
        ("SpO2 medie (%)", "90", "91,6", "-1,62"),
        ("SpO2 minimă (%)", "70", "71", "-1,00"),
        ("puls maxim (/min)", "113", "112", "1,00"),
        ("puls mediu (/min)", "66", "64,3", "1,70"),
        ("puls minim (/min)", "45", "47", "-2,00"),
        ("SpO2 90-94 %", "50,25", "51,50", "-1,25"),  # 83.1 below 95 less 31.6 below 90
        ("SpO2 90-94 % time", "4:26:40", "4:10:17", "983"),  # 51.5 % of 29,160 s is 15,017.4 s
        ("puls 50-120 /min", "98,75", "–", ""),
        ("scăderi de 3 %", "143", "199", "-56,00"),
        ("scăderi de 3 % pe oră", "15,80", "24,57", "-8,77"),
        ("scăderi de 4 %", "95", "124", "-29,00"),
        ("scăderi de 4 % pe oră", "10,50", "15,31", "-4,81"),
        ("scor O2", "3,6", "–", ""),
    ],
)
def test_a_number_of_the_report_beside_ours_and_the_report_minus_ours(
    name: str, theirs: str, ours: str, difference: str
) -> None:
    assert compared_rows()[name] == [theirs, ours, difference]


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("SpO2 medie (%)", "90"),
        ("SpO2 minimă (%)", "70"),
        ("SpO2 maximă (%)", "99"),
        ("puls mediu (/min)", "66"),
        ("puls minim (/min)", "45"),
        ("puls maxim (/min)", "113"),
        ("scăderi de 3 %", "143"),
        ("scăderi de 3 % pe oră", "15,80"),
        ("scăderi de 4 %", "95"),
        ("scăderi de 4 % pe oră", "10,50"),
        ("scor O2", "3,6"),
        ("SpO2 90-94 %", "50,25 % · 4:26:40"),
        ("puls 50-120 /min", "98,75 % · 8:53:20"),
    ],
)
def test_a_number_that_the_report_prints(name: str, printed: str) -> None:
    report: Any = SimpleNamespace(numbers=REPORT, painted=False, preview=None)
    rows = [[text(cell) for cell in parts(row, "Td")] for row in parts(report_view.printed(report, RO), "Tr")]
    assert dict(rows)[name] == printed
    assert len(rows) == len(NUMBER_FIELDS) - 1 + 2  # the threshold is no number of the night


@pytest.mark.parametrize(
    ("name", "device", "ours"),
    [
        ("SpO2 medie (%)", "90,0", "91,6"),
        ("SpO2 minimă (%)", "70", "71"),
        ("sub 90 % (%)", "30,0", "31,6"),
        ("scăderi de 3 %", "143", "199"),
        ("scăderi de 4 %", "95", "124"),
        ("scor O2", "3,6", "–"),
    ],
)
def test_a_number_of_the_files_header_beside_ours(name: str, device: str, ours: str) -> None:
    vendor = {"spo2_mean_pct": 90, "spo2_min_pct": 70, "below90_pct": 30, "drops_over_3pct": 143,
              "drops_over_4pct": 95, "o2_score": 3.6}  # fmt: skip
    shown = vendor_view.beside_ours(night_numbers(vendor=vendor), RO)
    rows = [[text(cell) for cell in parts(row, "Td")] for row in parts(shown, "Tr")]
    assert {row[0]: row[1:3] for row in rows if row}[name] == [device, ours]
