"""The shape of the code in numbers: `python -m benchmarks.house`; `tests/test_architecture.py` asserts the zeros."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
Graph = Mapping[str, Set[str]]


@dataclass(frozen=True, slots=True)
class Module:
    """One source file of the product; ``name`` is its path from the top of the repository."""

    name: str
    tree: ast.Module

    def imports(self) -> Iterator[tuple[str, bool]]:
        """Each imported module and whether it is imported at run time; those inside functions count like the others."""
        for_types = {
            node
            for branch in ast.walk(self.tree)
            if isinstance(branch, ast.If) and isinstance(branch.test, ast.Name) and branch.test.id == "TYPE_CHECKING"
            for node in ast.walk(branch)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, node not in for_types
            elif isinstance(node, ast.ImportFrom):
                if node.level:
                    raise ValueError(f"{self.name}: imports are written out in full")
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield (inner if own_file(inner) else str(node.module)), node not in for_types


def source_names() -> list[str]:
    """Every Python file of the product, tests and benchmarks left out."""
    paths = [*ROOT.glob("*.py"), *(ROOT / "oximetry").rglob("*.py"), *(ROOT / "migrations").rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def module(name: str) -> Module:
    """A source file, parsed."""
    return Module(name, ast.parse((ROOT / name).read_text(encoding="utf-8"), name))


def own_file(dotted: str) -> str | None:
    """The source file of one of our own modules; ``None`` for anybody else's."""
    path = dotted.replace(".", "/")
    for candidate in (f"{path}.py", f"{path}/__init__.py"):
        if (ROOT / candidate).is_file():
            return candidate
    return None


def import_graph() -> dict[str, set[str]]:
    """File to the files that it imports at run time."""
    graph: dict[str, set[str]] = {}
    for name in source_names():
        targets = {own_file(target) for target, at_run_time in module(name).imports() if at_run_time}
        graph[name] = {target for target in targets if target is not None and target != name}
    return graph


def wing_of(name: str) -> str:
    """The folder that a file lies in; a file of a layer that has wings is a wing of its own there."""
    folder = name.rpartition("/")[0]
    return name if folder in ("", "oximetry", "oximetry/services") else folder


def wing_graph(modules: Graph) -> dict[str, set[str]]:
    """Wing to the wings that it imports."""
    wings: dict[str, set[str]] = {}
    for name, targets in modules.items():
        wings.setdefault(wing_of(name), set()).update(wing_of(target) for target in targets)
    return {wing: targets - {wing} for wing, targets in wings.items()}


def circles(graph: Graph) -> list[list[str]]:
    """Groups of nodes that reach each other (Tarjan's strongly connected components of more than one node)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = lowest[node] = len(order)
        path.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in order:
                visit(target)
                lowest[node] = min(lowest[node], lowest[target])
            elif target in path:
                lowest[node] = min(lowest[node], order[target])
        if lowest[node] == order[node]:
            group = path[path.index(node) :]
            del path[path.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def main() -> None:
    """Print modules per folder, arrows, circles, and what to keep an eye on."""
    graph = import_graph()
    wings = wing_graph(graph)
    print("modules per folder")
    for folder, count in sorted(Counter(name.rpartition("/")[0] or "." for name in graph).items()):
        print(f"  {folder:42} {count:3}")
    print(f"arrows between wings                         {sum(map(len, wings.values())):4}")
    print(f"circles of modules / of wings                {len(circles(graph)):4} / {len(circles(wings))}")
    lengths = sorted(_lengths(graph))
    print(f"lines of functions: median / longest         {median(lengths):4.0f} / {lengths[-1]}")
    for title, count in _smells(graph).items():
        print(f"{title:45}{count:4}")
    lines = sum((ROOT / name).read_text(encoding="utf-8").count("\n") for name in graph)
    print(f"lines of the product                         {lines:6}")


def _lengths(names: Graph) -> Iterator[int]:
    """Lines of every function without its docstring."""
    for name in names:
        if name.startswith("migrations/"):
            continue
        for node in ast.walk(module(name).tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                text_lines = (first.end_lineno or 0) - first.lineno + 1 if is_text else 0
                yield (node.end_lineno or 0) - node.lineno + 1 - text_lines


def _smells(names: Graph) -> dict[str, int]:
    counts = {"broad excepts": 0, "prints": 0, "Any outside adapters": 0}
    for name in names:
        for node in ast.walk(module(name).tree):
            if isinstance(node, ast.ExceptHandler):
                caught = node.type
                is_broad = caught is None or (
                    isinstance(caught, ast.Name) and caught.id in ("Exception", "BaseException")
                )
                counts["broad excepts"] += is_broad
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                counts["prints"] += node.func.id == "print"
            elif isinstance(node, ast.Name) and node.id == "Any":
                counts["Any outside adapters"] += not name.startswith(("oximetry/adapters/", "oximetry/readers/"))
    return counts


if __name__ == "__main__":
    main()
