"""The doctor's one page: every view stands in the layout from the start, so that no callback can miss its output."""

from __future__ import annotations

import json

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from oximetry.services.incoming import UploadLimits
from oximetry.web.doctor import exclusion_view, extra_rules_view, ids
from oximetry.web.figures import config
from oximetry.web.i18n import Words
from oximetry.web.numbers import BATCH_TABLE
from oximetry.web.patient.patient_page import language_switch
from oximetry.web.security import STORAGE_PATH

POLL_MS = 1000
PLOT_HEIGHT_PX = 460
LISTED_CHOICES = 100  # drawn at a time; the search finds the others
THEME = {"primaryColor": "blue", "colors": {"blue": ["#E7F0FA", "#CFE1F5", "#9EC3EA", "#6DA5E0", "#3C87D5", "#1A6CC4",
                                                     "#005FB8", "#00529F", "#004586", "#00386D"]},
         "primaryShade": 6, "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"}  # fmt: skip

_ERROR = "message message-error"
_UPLOAD_WORDS = ("waiting", "sending", "retrying", "failed", "stopped", "stop", "retry", "remove",
                 "too_large", "too_many", "batch_too_large", "staging_full", "left", "signed_out")  # fmt: skip


def layout(words: Words, email: str, session_id: str, limits: UploadLimits, *, is_admin: bool = False) -> Component:
    """The whole page for a signed-in doctor and an open batch; an administrator's names the storage page."""
    return dmc.MantineProvider(
        [
            dcc.Location(id=ids.LOCATION, refresh=False),
            dcc.Store(id=ids.SESSION, data=session_id),
            dcc.Store(id=ids.REFRESH, data=0),
            dcc.Store(id=ids.DIGEST),
            dcc.Store(id=ids.PENDING),
            dcc.Store(id=ids.PATIENT_SHOWN),
            dcc.Store(id=ids.PATIENT_DIGEST),
            dcc.Store(id=ids.ASKED),
            dcc.Store(id=ids.SHOW_NIGHT),
            dcc.Store(id=ids.NIGHT_OPENED),
            dcc.Store(id=ids.NIGHT_CHANGED),
            dcc.Interval(id=ids.POLL, interval=POLL_MS),
            _header(words, email, is_admin),
            _expired(words),
            html.Div(words("doctor.sign_out_failed"), id=ids.SIGN_OUT_FAILED, className=_ERROR, hidden=True),
            html.Div(id=ids.MESSAGE, role="status"),
            html.Main(
                [
                    html.Section(_batch(words, session_id, limits), id=ids.BATCH_VIEW),
                    html.Section(_patients(words), id=ids.PATIENTS_VIEW, hidden=True),
                    html.Section(_patient(words), id=ids.PATIENT_VIEW, hidden=True),
                    _night_panel(words),
                ],
                className="doctor",
            ),
            _question(
                words("doubts.title"),
                (ids.DOUBTS, ids.DOUBTS_TEXT, ids.DOUBTS_NO, ids.DOUBTS_YES),
                (words("doubts.no"), words("doubts.yes")),
            ),
            _question(
                words("doubts.title"),
                (ids.SURE, ids.SURE_TEXT, ids.SURE_NO, ids.SURE_YES),
                (words("sure.no"), words("sure.yes")),
            ),
        ],
        theme=THEME,
        defaultColorScheme="auto",
    )


def _expired(words: Words) -> Component:
    sign_in = html.A(words("sign_in.submit"), href="/login", target="_blank", rel="noopener")
    return html.Div([words("doctor.session_expired"), " ", sign_in], id=ids.EXPIRED, className=_ERROR, hidden=True)


def _question(title: str, names: tuple[str, str, str, str], answers: tuple[str, str]) -> Component:
    modal, text, no, yes = names
    buttons = [dmc.Button(answers[0], id=no, variant="default"), dmc.Button(answers[1], id=yes, color="red.9")]
    return dmc.Modal([html.Div(id=text), dmc.Group(buttons, mt="md")], id=modal, title=title, opened=False)


def _header(words: Words, email: str, is_admin: bool) -> Component:
    storage = [html.A(words("nav.storage"), href=STORAGE_PATH)] if is_admin else []
    return html.Header(
        [
            html.Strong(words("app.name"), className="brand"),
            html.Nav(
                [
                    html.A(words("nav.batch"), href="#lot"),
                    html.A(words("nav.patients"), href="#pacienti"),
                    *storage,
                ]
            ),
            html.Span([language_switch(words), html.Span(email, className="quiet email")], className="right"),
            html.Button(words("nav.sign_out"), className="quiet-action", **{"data-sign-out": "1"}),
        ],
        className="doctor-head",
    )


def _batch(words: Words, session_id: str, limits: UploadLimits) -> list[Component]:
    return [
        html.Div(id=ids.STORAGE),
        _drop_zone(words, session_id, limits),
        html.Div(id=ids.FILE_LIST, className="file-list", **{"aria-live": "polite"}),
        html.Div(
            [html.Span(id=ids.COUNTS, className="quiet"), dmc.Progress(id=ids.PROGRESS, value=0, size="sm")],
            className="counts",
        ),
        dag.AgGrid(
            id=ids.GRID,
            rowData=[],
            columnDefs=columns(words, []),
            getRowId="params.data.id",
            dashGridOptions={
                "rowSelection": {"mode": "multiRow", "enableClickSelection": False},
                "rowHeight": 44,
                "domLayout": "autoHeight",
                "localeText": {"noRowsToShow": words("batch.no_rows"), "loadingOoo": words("batch.reading")},
                "suppressDragLeaveHidesColumns": True,
                "enableCellTextSelection": True,
            },
            defaultColDef={
                "sortable": True,
                "resizable": True,
                "suppressHeaderMenuButton": True,
                "cellStyle": {"padding": "0 8px"},
                "suppressKeyboardEvent": {"function": "keepsItsKeys(params)"},
            },
            style={"width": "100%", "height": None},
        ),
        html.Div(id=ids.REFUSED),
        html.Div(id=ids.JOINS, role="status"),
        html.Div(
            [
                dmc.Button(words("batch.all_to_new"), id=ids.ALL_TO_NEW, disabled=True),
                dmc.Select(
                    id=ids.CHOSEN_PATIENT,
                    data=[],
                    placeholder=words("batch.choose_patient"),
                    searchable=True,
                    limit=LISTED_CHOICES,
                    nothingFoundMessage=words("batch.no_patient_found"),
                ),
                dmc.Button(words("batch.give_chosen"), id=ids.GIVE_CHOSEN, variant="default", disabled=True),
                dmc.Button(words("batch.confirm"), id=ids.CONFIRM, color="blue", disabled=True),
                dmc.Button(words("batch.discard_chosen"), id=ids.DISCARD, variant="subtle", disabled=True),
                dmc.Button(words("batch.new"), id=ids.NEW_BATCH, variant="subtle"),
            ],
            className="batch-actions",
        ),
        html.Div(id=ids.BATCH_LINKS),
    ]


def _drop_zone(words: Words, session_id: str, limits: UploadLimits) -> Component:
    said = {name: words(f"upload.{name}") for name in _UPLOAD_WORDS}
    return html.Div(
        [
            html.P(words("upload.drop_here")),
            html.Span(
                [
                    html.Button(words("upload.choose_files"), className="action", **{"data-choose": "files"}),
                    html.Button(words("upload.choose_folder"), className="quiet-action", **{"data-choose": "folder"}),
                ],
                className="drop-buttons",
            ),
        ],
        id=ids.DROP_ZONE,
        className="drop-zone",
        **{
            "data-session": session_id,
            "data-words": json.dumps(said),
            "data-file-bytes": str(limits.file_bytes),
            "data-files": str(limits.files),
            "data-batch-bytes": str(limits.batch_bytes),
            "data-staging-left": str(limits.staging_bytes),
        },
    )


_NUMBER_WIDTHS = (80, 62, 62, 76, 74)


def columns(words: Words, patients: list[dict[str, str]]) -> list[dict[str, object]]:
    """The batch table's columns; the patient's is a choice among new and existing ones."""

    def shown(name: str, width: int) -> dict[str, object]:
        return {
            "field": name,
            "headerName": words(f"column.{name}"),
            "width": width,
            "type": "rightAligned",
            "valueFormatter": {"function": f"params.data.{name}_text"},
        }

    return [
        {"field": "spark", "headerName": "", "width": 134, "cellRenderer": "Sparkline", "sortable": False,
         "cellDataType": False},
        {"field": "started", "headerName": words("column.night"), "width": 164, "cellRenderer": "NightCell"},
        {"field": "device", "headerName": words("column.device"), "width": 100,
         "cellClass": "two-lines"},
        *[shown(number.name, width) for number, width in zip(BATCH_TABLE, _NUMBER_WIDTHS, strict=True)],
        {"field": "pdf", "headerName": "PDF", "width": 50},
        {"field": "patient", "headerName": words("column.patient"), "width": 132,
         "cellRenderer": "PatientSelect",
         "cellRendererParams": {"options": patients, "label": words("column.choose")}},
        {"field": "remarks", "headerName": words("column.remarks"), "flex": 1, "minWidth": 150, "wrapText": True,
         "autoHeight": True, "cellClass": "remarks-cell", "tooltipField": "remarks_long"},
    ]  # fmt: skip


def _patients(words: Words) -> list[Component]:
    return [
        html.Div(
            [html.H1(words("nav.patients")), dmc.Button(words("patients.new"), id=ids.NEW_PATIENT)],
            className="title-row",
        ),
        html.Div(id=ids.PATIENT_LIST),
    ]


def _patient(words: Words) -> list[Component]:
    return [
        html.A(words("patients.back"), href="#pacienti"),
        html.Div(
            [
                dmc.TextInput(id=ids.LABEL, label=words("patients.label")),
                dmc.Button(words("patients.save_label"), id=ids.SAVE_LABEL, variant="default"),
                dmc.Button(words("patients.rotate"), id=ids.ROTATE, variant="default"),
                dmc.Button(words("patients.revoke"), id=ids.REVOKE, color="red", variant="outline"),
            ],
            className="batch-actions",
        ),
        extra_rules_view.section(words),
        dmc.Select(
            id=ids.MOVE_TO,
            label=words("nights.move_to"),
            data=[],
            searchable=True,
            limit=LISTED_CHOICES,
            className="move-to",
        ),
        html.Div(id=ids.PATIENT_PAGE),
    ]


def _night_panel(words: Words) -> Component:
    return html.Section(
        [
            html.Div(
                [
                    html.H2(id=ids.NIGHT_TITLE, tabIndex="-1"),
                    html.Button(words("night.close"), id=ids.NIGHT_CLOSE, className="quiet-action"),
                ],
                className="title-row",
            ),
            html.Div(id=ids.NIGHT_NUMBERS),
            html.Div(
                dcc.Graph(id=ids.NIGHT_PLOT, config=config(words), style={"height": f"{PLOT_HEIGHT_PX}px"}),
                className="live-plot",
                tabIndex="0",
                **{"aria-label": words("plot.keys")},
            ),
            html.P(id=ids.NIGHT_CAPTION, className="quiet caption"),
            html.Details(
                [
                    html.Summary(words("plot.help")),
                    *[html.P(words(key)) for key in ("plot.keys", "plot.legend", "plot.legend_flags")],
                ],
                className="quiet caption plot-help",
            ),
            exclusion_view.bar(words),
            html.Div(id=ids.EXCLUDED),
            html.Div(id=ids.NIGHT_REPORTS),
            html.Div(id=ids.NIGHT_DETAILS),
        ],
        id=ids.NIGHT_PANEL,
        className="card",
        hidden=True,
    )
