"""The house of STYLE §1, read from the source: which room imports what and who reads the environment."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROOMS = {
    "domain": ("oximetry/domain/",),
    "services": ("oximetry/services/", "patient_links.py"),
    "adapters": ("oximetry/adapters/", "oximetry/readers/", "storage_service.py", "pdf_parser.py"),
    "samples": ("oximetry/samples/",),
    "web": ("oximetry/web/", "callbacks_medical.py"),
    "settings": ("oximetry/settings.py",),
    "root": ("app_instance.py", "oximetry/composition.py", "oximetry/__main__.py", "oximetry/cli/", "migrations/"),
    "house": ("oximetry/__init__.py",),
}
MAY_IMPORT = {
    "domain": {"domain", "house"},
    "services": {"services", "domain", "house"},
    "adapters": {"adapters", "domain", "house"},
    "samples": {"samples", "adapters", "services", "domain", "house"},
    "web": {"web", "services", "domain", "house"},
    "settings": {"domain", "house"},
    "root": {"root", "web", "samples", "adapters", "services", "domain", "settings", "house"},
    "house": set(),
}
# The script functions of these find their settings at their first call.
MAY_READ_SETTINGS_LATE = {"storage_service.py", "patient_links.py"}
# A script's call of `patient_links.add_recording` has nobody to hand it the parts of the house.
MAY_ENTER_BY_THE_ROOF = {("patient_links.py", "oximetry/composition.py")}

# Where each part from outside may be imported; a part that is not named may be used by no room but its tests.
OUTSIDE = {
    "numpy": {
        "oximetry/domain/",
        "oximetry/readers/",
        "oximetry/services/",
        "oximetry/web/figure",
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
    "babel": {"oximetry/web/"},
    "segno": {"oximetry/web/"},
    "orjson": {"oximetry/web/"},
    "sqlalchemy": {"oximetry/adapters/", "migrations/"},
    "alembic": {"oximetry/adapters/catalogue/catalogue.py", "migrations/"},
    "boto3": {"oximetry/adapters/stores/s3_", "storage_service.py"},
    "botocore": {"oximetry/adapters/stores/s3_", "storage_service.py"},
    "urllib3": {"oximetry/adapters/stores/s3_"},
    "types_boto3_s3": {"oximetry/adapters/stores/s3_"},
    "psycopg": {"oximetry/adapters/"},
    "huey": {"oximetry/adapters/jobs.py"},
    "kaleido": {"oximetry/adapters/plots.py"},
    "PIL": {"oximetry/adapters/plots.py"},
    "argon2": {"oximetry/adapters/security.py"},
    "cryptography": {"oximetry/adapters/security.py"},
    "pydantic": {"oximetry/settings.py"},
    "pydantic_settings": {"oximetry/settings.py"},
    "click": {"oximetry/__main__.py", "oximetry/cli/"},
    "cv2": {"oximetry/adapters/vendor_report/"},
    "pypdfium2": {"oximetry/adapters/vendor_report/report_pages.py"},
    "tesserocr": {"oximetry/adapters/vendor_report/report_engines.py"},
    "onnxruntime": {"oximetry/adapters/vendor_report/report_engines.py"},
    "pandas": {"oximetry/readers/"},
    "edfio": {"oximetry/readers/edf.py"},
    "python_calamine": {"oximetry/readers/workbook.py"},
}
# What must not be in memory unless a report is being read, and then only in the child process.
READING_PARTS = {"cv2", "pypdfium2", "tesserocr", "onnxruntime", "rapidocr"}
NOT_IN_THE_DOMAIN = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "shutil", "socket", "sqlite3", "subprocess", "sys",
    "tempfile", "threading", "time", "urllib", "zipfile",
}  # fmt: skip


def sources() -> list[str]:
    found = [*ROOT.glob("*.py"), *(ROOT / "oximetry").rglob("*.py"), *(ROOT / "migrations").rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def parsed(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), name)


def room_of(name: str) -> str:
    rooms = [room for room, places in ROOMS.items() if name.startswith(places)]
    assert rooms, f"{name} stands in no room"
    return rooms[0]


def imports(name: str) -> Iterator[tuple[str, bool]]:
    """Each imported module and whether it is imported at run time; those inside functions count like the others."""
    tree = parsed(name)
    for_types = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and isinstance(branch.test, ast.Name) and branch.test.id == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node not in for_types
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are written out in full"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if own_file(inner) else str(node.module)), node not in for_types


def own_file(module: str) -> str | None:
    """The source file of one of our own modules."""
    path = module.replace(".", "/")
    for candidate in (f"{path}.py", f"{path}/__init__.py"):
        if (ROOT / candidate).is_file():
            return candidate
    return None


@pytest.mark.parametrize("name", sources())
def test_imports_point_inwards(name):
    room = room_of(name)
    for module, _ in imports(name):
        target = own_file(module)
        if target is None:
            continue
        if target == "oximetry/settings.py" and name in MAY_READ_SETTINGS_LATE:
            continue
        if (name, target) in MAY_ENTER_BY_THE_ROOF:
            continue
        assert room_of(target) in MAY_IMPORT[room], f"{name} ({room}) imports {target} ({room_of(target)})"


def test_settings_are_read_late_where_they_are_read_at_all():
    for name in MAY_READ_SETTINGS_LATE:
        for node in parsed(name).body:
            late = {"oximetry.settings", "app_instance"}
            assert not (isinstance(node, ast.ImportFrom) and node.module in late), name


@pytest.mark.parametrize("name", sources())
def test_outside_parts_stay_where_they_have_business(name):
    for module, _ in imports(name):
        top = module.partition(".")[0]
        if own_file(module) or own_file(top) or top in sys.stdlib_module_names:
            continue
        assert top in OUTSIDE, f"{name} imports {top}, which is not on the list of parts"
        assert name.startswith(tuple(OUTSIDE[top])), f"{name} may not import {top}"


@pytest.mark.parametrize("name", [name for name in sources() if room_of(name) == "domain"])
def test_the_domain_knows_no_world(name):
    for module, _ in imports(name):
        assert module.partition(".")[0] not in NOT_IN_THE_DOMAIN, f"{name} imports {module}"


@pytest.mark.parametrize("name", sources())
def test_only_the_settings_read_the_environment(name):
    for node in ast.walk(parsed(name)):
        reads = isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
        reads |= (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and bool({"environ", "getenv"} & {alias.name for alias in node.names})
        )
        assert not reads or name == "oximetry/settings.py", f"{name}:{node.lineno} reads the environment"


@pytest.mark.parametrize("name", [name for name in sources() if not name.startswith("oximetry/cli/")])
def test_nobody_prints(name):
    calls = [node for node in ast.walk(parsed(name)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert not [call.lineno for call in calls if call.func.id == "print"], name


def test_importing_everything_does_nothing(tmp_path):
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in sources()
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
heavy = {"app_instance", "dash", "flask", "sqlalchemy", "boto3", "huey", "kaleido", "plotly", "pydantic"}
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
