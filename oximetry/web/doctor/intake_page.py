"""One batch: files are dropped, read and given to patients; everything stands in the layout from the start."""

from __future__ import annotations

import json

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from oximetry.domain.records import UploadSession
from oximetry.services.incoming import UploadLimits
from oximetry.web.doctor import ids
from oximetry.web.figures import config
from oximetry.web.i18n import Words
from oximetry.web.numbers import BATCH_TABLE
from oximetry.web.security import STORAGE_PATH

POLL_MS = 1000
PLOT_HEIGHT_PX = 460
LISTED_CHOICES = 100  # drawn at a time; the search finds the others
ROW_PX, GROUP_PX = 52, 76
THEME = {"primaryColor": "blue", "colors": {"blue": ["#E7F0FA", "#CFE1F5", "#9EC3EA", "#6DA5E0", "#3C87D5", "#1A6CC4",
                                                     "#005FB8", "#00529F", "#004586", "#00386D"]},
         "primaryShade": 6, "defaultRadius": 8,
         "fontFamily": "'Segoe UI', system-ui, -apple-system, Roboto, 'DejaVu Sans', sans-serif"}  # fmt: skip

_ERROR = "msg bad"
_UPLOAD_WORDS = ("waiting", "sending", "retrying", "failed", "stopped", "stop", "retry", "remove",
                 "too_large", "too_many", "batch_too_large", "staging_full", "left", "signed_out")  # fmt: skip


def layout(
    words: Words, email: str, session: UploadSession | None, limits: UploadLimits, *, is_admin: bool = False
) -> Component:
    """The whole page for a signed-in doctor and a batch; without one there is nothing but the bar."""
    session_id = session.id if session else ""
    return dmc.MantineProvider(
        [
            dcc.Store(id=ids.SESSION, data=session_id),
            dcc.Store(id=ids.REFRESH, data=0),
            dcc.Store(id=ids.DIGEST),
            dcc.Store(id=ids.PENDING),
            dcc.Store(id=ids.PROPOSED),
            dcc.Store(id=ids.GROUP_ACT),
            dcc.Store(id=ids.LABEL_ASKED),
            dcc.Interval(id=ids.POLL, interval=POLL_MS),
            _header(words, email, is_admin),
            _expired(words),
            html.Div(words("doctor.sign_out_failed"), id=ids.SIGN_OUT_FAILED, className=_ERROR, hidden=True),
            html.Main(
                [
                    html.Section(_batch(words, session_id, limits), id=ids.BATCH_VIEW, className="stack"),
                    _night_panel(words),
                    _bar(words),
                ],
                className="doctor",
                id="main",
            ),
            _question(
                words("doubts.title"),
                (ids.DOUBTS, ids.DOUBTS_TEXT, ids.DOUBTS_NO, ids.DOUBTS_YES),
                (words("doubts.no"), words("doubts.yes")),
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
    buttons = [dmc.Button(answers[0], id=no), dmc.Button(answers[1], id=yes, variant="outline", color="red.9")]
    return dmc.Modal([html.Div(id=text), dmc.Group(buttons, mt="md")], id=modal, title=title, opened=False)


def _header(words: Words, email: str, is_admin: bool) -> Component:
    storage = [("nav.storage", STORAGE_PATH)] if is_admin else []
    places = [("nav.work", "/medic/"), ("nav.batch", "/medic/intake"), ("nav.patients", "/medic/patients"), *storage,
              ("nav.settings", "/medic/settings")]  # fmt: skip
    entries = [
        html.Li(html.A(words(key), href=place, **({"aria-current": "page"} if key == "nav.batch" else {})))
        for key, place in places
    ]
    languages = [
        html.Button(
            code.upper(),
            lang=code,
            **{"data-set-language": code, **({"aria-current": "true"} if code == words.language else {})},
        )
        for code in ("ro", "en")
    ]
    end = [
        html.Span(languages, className="lang", role="group", **{"aria-label": words("frame.language")}),
        html.Span(email, className="who"),
        html.Button(words("nav.sign_out"), className="btn text", **{"data-sign-out": "1"}),
    ]
    return html.Header(
        html.Div(
            [
                html.A(words("app.name"), href="/medic/", className="brand"),
                html.Nav(html.Ul(entries), **{"aria-label": words("frame.pages")}),
                html.Div(end, className="bar-end"),
            ]
        ),
        className="bar",
    )


def _batch(words: Words, session_id: str, limits: UploadLimits) -> list[Component]:
    return [
        html.Div(
            [
                html.Div([html.H1(words("intake.title")), html.P(id=ids.COUNTS, className="quiet", role="status")]),
                html.Ol(
                    [
                        html.Li(words("step.read"), className="done"),
                        html.Li(words("step.assign"), **{"aria-current": "step"}),
                        html.Li(words("step.hand")),
                    ],
                    className="steps",
                ),
            ],
            className="head",
        ),
        html.Div(id=ids.STORAGE),
        _drop_zone(words, session_id, limits),
        html.Div(id=ids.FILE_LIST, className="file-list", **{"aria-live": "polite"}),
        dmc.Progress(id=ids.PROGRESS, value=0, size="sm", **{"aria-label": words("intake.progress")}),
        html.Section(
            [
                html.Div(
                    [
                        html.Div(
                            [
                                html.H2(words("intake.whose")),
                                html.P(words("intake.whose_hint"), className="small quiet"),
                            ]
                        ),
                        html.Div(
                            [
                                html.Span(id=ids.UNDO_PROPOSALS),
                                dmc.Button(words("intake.per_device"), id=ids.PER_DEVICE, variant="default"),
                                dmc.Button(
                                    words("batch.all_to_new"), id=ids.ALL_TO_NEW, variant="subtle", disabled=True
                                ),
                            ],
                            className="row",
                        ),
                    ],
                    className="card-head",
                ),
                _grid(words),
                _batch_actions(words),
            ],
            className="card flush",
        ),
        html.Div(id=ids.JOINS, role="status"),
        html.Div(id=ids.REFUSED),
    ]


def _batch_actions(words: Words) -> Component:
    """What is done with the ticked rows, and the way to another batch."""
    return html.Div(
        [
            dmc.Select(
                id=ids.CHOSEN_PATIENT,
                data=[],
                placeholder=words("batch.choose_patient"),
                searchable=True,
                limit=LISTED_CHOICES,
                nothingFoundMessage=words("batch.no_patient_found"),
                **{"aria-label": words("batch.choose_patient")},
            ),
            dmc.Button(words("batch.give_chosen"), id=ids.GIVE_CHOSEN, variant="default", disabled=True),
            dmc.Button(words("batch.discard_chosen"), id=ids.DISCARD, variant="subtle", disabled=True),
            dmc.Button(words("batch.new"), id=ids.NEW_BATCH, variant="subtle"),
        ],
        className="batch-actions foot start",
    )


def _grid(words: Words) -> Component:
    return dag.AgGrid(
        id=ids.GRID,
        rowData=[],
        columnDefs=columns(words, []),
        getRowId="params.data.id",
        dashGridOptions={
            "rowSelection": {
                "mode": "multiRow",
                "enableClickSelection": False,
                "isRowSelectable": {"function": "!params.data.group"},
            },
            "rowHeight": ROW_PX,
            "getRowHeight": {"function": f"params.data.group ? {GROUP_PX} : {ROW_PX}"},
            "domLayout": "autoHeight",
            "localeText": {"noRowsToShow": words("batch.no_rows"), "loadingOoo": words("batch.reading")},
            "suppressDragLeaveHidesColumns": True,
            "enableCellTextSelection": True,
        },
        defaultColDef={
            "sortable": False,
            "resizable": True,
            "suppressHeaderMenuButton": True,
            "cellStyle": {"padding": "0 8px"},
            "suppressKeyboardEvent": {"function": "keepsItsKeys(params)"},
        },
        style={"width": "100%", "height": None},
    )


def _bar(words: Words) -> Component:
    """What will be saved, the message of the last act, and the one filled button: always in sight."""
    return html.Div(
        [
            html.Div(
                [
                    html.Div(id=ids.MESSAGE, role="status", className="grow"),
                    html.Span(id=ids.KEEP_LABEL),
                ],
                className="row grow",
            ),
            html.Div(
                [
                    html.Div(id=ids.BATCH_LINKS, className="row"),
                    dmc.Button(words("batch.confirm"), id=ids.CONFIRM, color="blue", disabled=True),
                ],
                className="row",
            ),
        ],
        className="sticky",
    )


def _drop_zone(words: Words, session_id: str, limits: UploadLimits) -> Component:
    said = {name: words(f"upload.{name}") for name in _UPLOAD_WORDS}
    return html.Div(
        [
            html.P(html.B(words("upload.drop_here"))),
            html.Div(
                [
                    html.Button(words("upload.choose_files"), className="btn second", **{"data-choose": "files"}),
                    html.Button(words("upload.choose_folder"), className="btn text", **{"data-choose": "folder"}),
                ],
                className="row",
            ),
        ],
        id=ids.DROP_ZONE,
        className="drop drop-zone",
        **{
            "data-session": session_id,
            "data-words": json.dumps(said),
            "data-file-bytes": str(limits.file_bytes),
            "data-files": str(limits.files),
            "data-batch-bytes": str(limits.batch_bytes),
            "data-staging-left": str(limits.staging_bytes),
        },
    )


_NUMBER_WIDTHS = (80, 66, 66, 84, 80)


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
         "cellDataType": False, "colSpan": {"function": "params.data.group ? 11 : 1"}},
        {"field": "started", "headerName": words("column.night"), "width": 164, "cellRenderer": "NightCell"},
        {"field": "device", "headerName": words("column.device"), "width": 110,
         "cellClass": "two-lines"},
        *[shown(number.name, width) for number, width in zip(BATCH_TABLE, _NUMBER_WIDTHS, strict=True)],
        {"field": "pdf", "headerName": "PDF", "width": 50},
        {"field": "patient", "headerName": words("column.patient"), "width": 132,
         "cellRenderer": "PatientSelect",
         "cellRendererParams": {"options": patients, "label": words("column.choose")}},
        {"field": "remarks", "headerName": words("column.remarks"), "flex": 1, "minWidth": 150, "wrapText": True,
         "autoHeight": True, "cellClass": "remarks-cell", "tooltipField": "remarks_long"},
    ]  # fmt: skip


def _night_panel(words: Words) -> Component:
    return html.Section(
        [
            html.Div(
                [
                    html.H2(id=ids.NIGHT_TITLE, tabIndex="-1"),
                    html.Button(words("night.close"), id=ids.NIGHT_CLOSE, className="btn second"),
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
            html.Div(id=ids.NIGHT_REPORTS),
            html.Div(id=ids.NIGHT_DETAILS),
        ],
        id=ids.NIGHT_PANEL,
        className="card",
        hidden=True,
    )
