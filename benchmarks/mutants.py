"""How many deliberate faults in ``oximetry/domain`` its worked examples notice: ``python -m benchmarks.mutants``.

Two kinds of faults, tried in a copy: mutmut's, inside functions, as ``[tool.mutmut]`` in ``pyproject.toml`` says; and
ours, because mutmut leaves out what stands outside functions: each number of a constant or of a rule's field, one
higher and one lower. When an empty folder is named, the copy stays there, and ``mutmut show`` explains a fault in it.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).parents[1]
DOMAIN = Path("oximetry/domain")
COPIED = (Path("oximetry"), Path("tests/domain"), Path("tests/conftest.py"), Path("pyproject.toml"))
LONGEST_RUN_S = 120


def main(folder: Path) -> None:
    """Try all faults in a copy of the working tree and print what became of them."""
    copy_to(folder)
    print(f"mutmut {version('mutmut')}, Python {sys.version.split()[0]}", flush=True)
    subprocess.run(
        [Path(sys.executable).with_name("mutmut"), "run", "--max-children", "1"],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    print_result("inside functions (mutmut)", *faults_in_functions(folder))
    print_result("numbers outside functions, one higher and one lower", *faults_in_numbers(folder))


def copy_to(folder: Path) -> None:
    """What the domain's tests need."""
    for path in COPIED:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, target)


def faults_in_functions(folder: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """For each file what became of mutmut's faults, and the names of those that nothing noticed."""
    found, survivors = {}, []
    for path in sorted((folder / "mutants" / DOMAIN).glob("*.py.meta")):
        outcomes = {
            name: status_by_exit_code[code] for name, code in json.loads(path.read_text())["exit_code_by_key"].items()
        }
        if outcomes:
            found[path.name.removesuffix(".meta")] = Counter(outcomes.values())
        survivors += [
            f"  {outcome}: {name}" for name, outcome in outcomes.items() if outcome not in ("killed", "timeout")
        ]
    return found, survivors


def faults_in_numbers(folder: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """The same for the numbers outside functions."""
    if tried(folder) != "survived":
        raise SystemExit("the tests fail without any fault")
    found: dict[str, Counter[str]] = {}
    survivors = []
    for path in sorted((folder / DOMAIN).glob("*.py")):
        source = path.read_text()
        for node, changed in changed_numbers(source):
            path.write_text(changed)
            outcome = tried(folder)
            found.setdefault(path.name, Counter())[outcome] += 1
            if outcome == "survived":
                line = changed.splitlines()[node.lineno - 1].strip()
                survivors.append(f"  survived: {path.name}:{node.lineno} {line}")
        path.write_text(source)
    return found, survivors


def changed_numbers(source: str) -> Iterator[tuple[ast.Constant, str]]:
    """Each number outside functions with the sources in which it alone is one higher, and one lower."""
    lines = source.splitlines(keepends=True)
    for node in numbers(ast.parse(source)):
        row, head, tail = node.lineno - 1, node.col_offset, node.end_col_offset
        line = lines[row].encode()
        for value in (node.value + 1, node.value - 1):
            changed = line[:head] + f"({value!r})".encode() + line[tail:]
            yield node, "".join([*lines[:row], changed.decode(), *lines[row + 1 :]])


def numbers(body: ast.Module | ast.ClassDef) -> Iterator[ast.Constant]:
    """The numbers of the assignments of a module and of its classes."""
    for statement in body.body:
        if isinstance(statement, ast.ClassDef):
            yield from numbers(statement)
        elif isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
            for node in ast.walk(statement.value):
                if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                    yield node


def tried(folder: Path) -> str:
    """What the tests say of the copy as it is."""
    settings = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["mutmut"]
    chosen = settings["pytest_add_cli_args"] + settings["pytest_add_cli_args_test_selection"]
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", *chosen]
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, timeout=LONGEST_RUN_S, check=False)
    except subprocess.TimeoutExpired:
        return "timeout"
    return "survived" if run.returncode == 0 else "killed"


def print_result(title: str, found: dict[str, Counter[str]], survivors: list[str]) -> None:
    """A line for each file, one for all, and one for each fault that nothing noticed."""
    print(f"\n{title}\n{'file':<20}{'faults':>8}{'killed':>8}{'timeout':>9}{'survived':>10}{'noticed %':>11}")
    for name, outcomes in [*found.items(), ("all", sum(found.values(), Counter()))]:
        faults, killed, late = outcomes.total(), outcomes["killed"], outcomes["timeout"]
        noticed_pct = 100 * (killed + late) / faults
        print(f"{name:<20}{faults:>8}{killed:>8}{late:>9}{faults - killed - late:>10}{noticed_pct:>11.1f}")
    print(*survivors, sep="\n", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary))
