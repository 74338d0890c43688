"""The house of STYLE §1, read from the source: which room imports what and who reads the environment."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from benchmarks.house import ROOT, circles, import_graph, module, own_file, source_names

ROOMS = {
    "domain": ("oximetry/domain/",),
    "services": ("oximetry/services/",),
    "providers": ("oximetry/adapters/stores/provider",),  # the settings of each store, read with all others
    "adapters": ("oximetry/adapters/", "oximetry/readers/"),
    "samples": ("oximetry/samples/",),
    "web": ("oximetry/web/",),
    "settings": ("oximetry/settings.py",),
    "root": ("oximetry/composition.py", "oximetry/logs.py", "oximetry/__main__.py", "oximetry/cli/", "migrations/"),
    "front": ("app_instance.py", "callbacks_medical.py", "patient_links.py", "pdf_parser.py", "storage_service.py"),
    "house": ("oximetry/__init__.py",),
}
INSIDE = {"root", "web", "samples", "adapters", "providers", "services", "domain", "settings", "house"}
MAY_IMPORT = {
    "domain": {"domain", "house"},
    "services": {"services", "domain", "house"},
    "adapters": {"adapters", "providers", "domain", "house"},
    "providers": {"providers", "adapters", "domain", "house"},  # a client only where a store is opened, see below
    "samples": {"samples", "adapters", "services", "domain", "house"},
    "web": {"web", "services", "domain", "house"},
    "settings": {"providers", "domain", "house"},
    "root": INSIDE,
    "front": INSIDE | {"front"},
    "house": set(),
}
# The wings of a layer from top to bottom: each imports only those that stand behind it.
WINGS = {
    "oximetry/services": [
        "operations",
        "backup",
        "erasure",
        "accounts",
        "migration",
        "review",
        "intake",
        "matching",
        "nights",
        "sync",
        "storage",
    ],
}

# Where each part from outside may be imported; a part that is not named may be used by no room but its tests.
OUTSIDE = {
    "numpy": {
        "oximetry/domain/",
        "oximetry/readers/",
        "oximetry/services/",
        "oximetry/web/figure",
        "oximetry/web/doctor/trend.py",
        "oximetry/adapters/vendor_report/",
        "oximetry/samples/",
    },
    "dash": {"oximetry/web/", "callbacks_medical.py", "app_instance.py"},
    "dash_ag_grid": {"oximetry/web/", "callbacks_medical.py"},
    "dash_mantine_components": {"oximetry/web/", "callbacks_medical.py"},
    "plotly": {"oximetry/web/"},
    "flask": {"oximetry/web/", "callbacks_medical.py", "app_instance.py"},
    "flask_login": {"oximetry/web/", "callbacks_medical.py"},
    "flask_wtf": {"oximetry/web/"},
    "flask_compress": {"oximetry/web/"},
    "itsdangerous": {"oximetry/web/"},
    "werkzeug": {"oximetry/web/", "app_instance.py"},
    "markupsafe": {"oximetry/web/"},
    "babel": {"oximetry/web/"},
    "segno": {"oximetry/web/"},
    "orjson": {"oximetry/web/"},
    "sqlalchemy": {"oximetry/adapters/", "migrations/"},
    "alembic": {"oximetry/adapters/catalogue/migrating.py", "migrations/"},
    "boto3": {"oximetry/adapters/stores/s3_"},
    "botocore": {"oximetry/adapters/stores/s3_"},
    "urllib3": {"oximetry/adapters/stores/s3_"},
    "types_boto3_s3": {"oximetry/adapters/stores/s3_"},
    "psycopg": {"oximetry/adapters/"},
    "gunicorn": {"oximetry/adapters/front/"},
    "kaleido": {"oximetry/adapters/plots.py"},
    "PIL": {"oximetry/adapters/plots.py", "oximetry/adapters/logo.py"},
    "resvg_py": {"oximetry/adapters/logo.py"},
    "argon2": {"oximetry/adapters/security.py"},
    "cryptography": {"oximetry/adapters/security.py"},
    "pydantic": {"oximetry/settings.py", "oximetry/adapters/stores/provider"},
    "pydantic_settings": {"oximetry/settings.py", "oximetry/adapters/stores/provider"},
    "prometheus_client": {"oximetry/web/metrics.py"},
    "webauthn": {"oximetry/services/accounts/passkeys.py"},
    "pyotp": {"oximetry/services/accounts/second_factors.py"},
    "click": {"oximetry/__main__.py", "oximetry/cli/"},
    "cv2": {"oximetry/adapters/vendor_report/"},
    "pypdfium2": {"oximetry/adapters/vendor_report/report_pages.py"},
    "tesserocr": {"oximetry/adapters/vendor_report/report_engines.py"},
    "onnxruntime": {"oximetry/adapters/vendor_report/report_engines.py"},
    "weasyprint": {"oximetry/adapters/clinical_report/"},
    "edfio": {"oximetry/readers/edf.py"},
    "python_calamine": {"oximetry/readers/workbook.py"},
}
# What must not be in memory unless a report is being read, and then only in the child process.
READING_PARTS = {"cv2", "pypdfium2", "tesserocr", "onnxruntime", "rapidocr"}
NOT_IN_THE_DOMAIN = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "shutil", "socket", "sqlite3", "subprocess", "sys",
    "tempfile", "threading", "time", "urllib", "zipfile",
}  # fmt: skip


def room_of(name: str) -> str:
    rooms = [room for room, places in ROOMS.items() if name.startswith(places)]
    assert rooms, f"{name} stands in no room"
    return rooms[0]


@pytest.mark.parametrize("name", source_names())
def test_imports_point_inwards(name):
    room = room_of(name)
    for dotted, _ in module(name).imports():
        target = own_file(dotted)
        if target is None:
            continue
        assert room_of(target) in MAY_IMPORT[room], f"{name} ({room}) imports {target} ({room_of(target)})"


def test_no_circle_is_left():
    assert circles(import_graph()) == []


@pytest.mark.parametrize("layer", WINGS)
def test_wings_import_downwards_only(layer):
    order = WINGS[layer]
    for name, targets in import_graph().items():
        wing = name.removeprefix(f"{layer}/").partition("/")[0]
        if not name.startswith(layer) or wing not in order:
            continue
        for target in targets:
            below = target.removeprefix(f"{layer}/").partition("/")[0]
            if target.startswith(layer) and below in order:
                assert order.index(below) >= order.index(wing), f"{name} imports {target}"


@pytest.mark.parametrize("layer", WINGS)
def test_every_wing_is_known(layer):
    folders = {path.name for path in (ROOT / layer).iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(WINGS[layer])


@pytest.mark.parametrize("name", source_names())
def test_outside_parts_stay_where_they_have_business(name):
    for dotted, _ in module(name).imports():
        top = dotted.partition(".")[0]
        if own_file(dotted) or own_file(top) or top in sys.stdlib_module_names:
            continue
        assert top in OUTSIDE, f"{name} imports {top}, which is not on the list of parts"
        assert name.startswith(tuple(OUTSIDE[top])), f"{name} may not import {top}"


@pytest.mark.parametrize("name", [name for name in source_names() if room_of(name) == "domain"])
def test_the_domain_knows_no_world(name):
    for dotted, _ in module(name).imports():
        assert dotted.partition(".")[0] not in NOT_IN_THE_DOMAIN, f"{name} imports {dotted}"


@pytest.mark.parametrize("name", source_names())
def test_only_the_settings_read_the_environment(name):
    for node in ast.walk(module(name).tree):
        reads = isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
        reads |= (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and bool({"environ", "getenv"} & {alias.name for alias in node.names})
        )
        assert not reads or name == "oximetry/settings.py", f"{name}:{node.lineno} reads the environment"


@pytest.mark.parametrize("name", [name for name in source_names() if not name.startswith("oximetry/cli/")])
def test_nobody_prints(name):
    calls = [
        node for node in ast.walk(module(name).tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert not [call.lineno for call in calls if call.func.id == "print"], name


def test_importing_everything_does_nothing(tmp_path):
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in source_names()
        if not name.startswith("migrations/")
    ]
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL, *modules],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/nowhere", "HOME": str(tmp_path), "APP_ENV": "nonsense"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


_IMPORT_ALL = """
import importlib, sys, threading
seen = []
def watch(event, args):
    if event in ("socket.connect", "sqlite3.connect", "subprocess.Popen", "os.mkdir"):
        seen.append((event, args))
    elif event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        seen.append((event, args))
sys.dont_write_bytecode = True
sys.addaudithook(watch)
for module in sys.argv[1:]:
    importlib.import_module(module)
assert not seen, seen
assert threading.active_count() == 1, threading.enumerate()
"""


def test_analysing_needs_no_framework():
    script = """
import sys
from click.testing import CliRunner
from oximetry.__main__ import main
result = CliRunner().invoke(main, ["analyse", "--json", "tests/data/viatom_ro.csv"])
assert result.exit_code in (0, 1), result.output
heavy = {"app_instance", "dash", "flask", "sqlalchemy", "boto3", "kaleido", "plotly", "pydantic"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_reading_the_settings_loads_no_client():
    script = """
import sys
from oximetry.settings import Settings
Settings.load(_env_file=None)
heavy = {"boto3", "botocore", "urllib3", "flask", "dash", "sqlalchemy", "numpy", "pandas"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_nobody_but_the_child_process_loads_what_reads_reports():
    script = f"""
import sys
import app_instance, callbacks_medical, pdf_parser, oximetry.__main__, oximetry.cli.report
assert not {READING_PARTS!r} & set(sys.modules), {READING_PARTS!r} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
