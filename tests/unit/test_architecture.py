"""The rules of the house that no type checker holds: purity of the cores, direction of imports.

Imports are read off the syntax tree, wherever they stand in a module.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(p for top in ("pyvrrp", "healthcheck") for p in (ROOT / top).rglob("*.py"))
CORE = [p for p in MODULES if "core" in p.relative_to(ROOT).parts[:-1]]

ALLOWED_IN_CORE = {
    "__future__",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "hmac",
    "ipaddress",
    "math",
    "struct",
    "typing",
}

# Package or module -> what of pyvrrp it may import besides itself. The longest match counts.
MAY_IMPORT = {
    "pyvrrp.errors": set(),
    "pyvrrp.core": {"pyvrrp.errors"},
    "pyvrrp.bfd.core": {"pyvrrp.errors"},
    "pyvrrp.bfd": {"pyvrrp.deadlines", "pyvrrp.errors"},
    "pyvrrp.settings": {"pyvrrp.core", "pyvrrp.routing", "pyvrrp.errors"},
    "pyvrrp.routing": {"pyvrrp.core"},
    "pyvrrp.conf": {"pyvrrp.core", "pyvrrp.routing", "pyvrrp.errors"},
    "pyvrrp.net": {"pyvrrp.core", "pyvrrp.settings", "pyvrrp.routing", "pyvrrp.errors"},
    "pyvrrp.control": {
        "pyvrrp.bfd.core",
        "pyvrrp.bfd.settings",
        "pyvrrp.bfd.snapshot",
        "pyvrrp.core",
        "pyvrrp.conf",
        "pyvrrp.counters",
        "pyvrrp.errors",
        "pyvrrp.routing",
        "pyvrrp.snapshot",
    },
    "healthcheck": set(),
}
# Any other module of pyvrrp itself is an edge: it may import everything but these.
ABOVE_THE_EDGES = {"pyvrrp.conf", "pyvrrp.daemon", "pyvrrp.bfd"}
COMPOSITION_ROOTS = {"pyvrrp", "pyvrrp.__main__", "pyvrrp.daemon"}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def imports(path: Path) -> Iterator[str]:
    """Absolute names of the modules a file imports, conditional and deferred ones included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package_of(path).split(".")
            base = base[: len(base) - node.level + 1] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                yield whole if whole in NAMES else module


def is_inside(name: str, packages: set[str]) -> bool:
    return any(name == p or name.startswith(p + ".") for p in packages)


def is_about_ipvs(name: str) -> bool:
    """Language and output that speak of the other half: pyvrrp.conf.lvs(_*), control.data_lvs(_*).

    And pyvrrp.conf.status, which looks at the whole language.
    """
    return name.startswith(("pyvrrp.conf.lvs_", "pyvrrp.control.data_lvs")) or (
        name in ("pyvrrp.conf.lvs", "pyvrrp.conf.status")
    )


def ids(path: Path) -> str:
    return name_of(path)


@pytest.mark.parametrize("path", CORE, ids=ids)
def test_core_is_pure(path):
    tree = ast.parse(path.read_text())
    assert not [
        n for n in ast.walk(tree) if isinstance(n, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor))
    ]
    calls = {
        n.func.id
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert not calls & {"open", "print", "input", "exec", "eval", "__import__"}
    top, core = path.relative_to(ROOT).parts[0], package_of(path)
    mine = {core, f"{top}.errors"}
    outside = {n for n in imports(path) if not is_inside(n, mine)}
    assert {n.split(".")[0] for n in outside} <= ALLOWED_IN_CORE


def forbidden(importer: str, imported: str) -> bool:
    if imported.split(".")[0] not in ("pyvrrp", "healthcheck"):
        return False
    if imported.startswith("healthcheck"):
        allowed = {"healthcheck", "pyvrrp.daemon"}
        return not (is_inside(importer, allowed) or is_about_ipvs(importer))
    if importer in COMPOSITION_ROOTS or importer.startswith("pyvrrp.daemon."):
        return False
    for package in sorted(MAY_IMPORT, key=len, reverse=True):
        if is_inside(importer, {package}):
            return not is_inside(imported, MAY_IMPORT[package] | {package})
    return imported == "pyvrrp" or is_inside(imported, ABOVE_THE_EDGES)


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_point_one_way(path):
    assert not [n for n in imports(path) if forbidden(name_of(path), n)]


@pytest.mark.parametrize(
    ("importer", "imported", "is_wrong"),
    [
        pytest.param("pyvrrp.core.machine", "pyvrrp.settings", True, id="core knows nothing"),
        pytest.param("pyvrrp.core.packet", "pyvrrp.errors", False, id="but its errors"),
        pytest.param("pyvrrp.conf.vrrp", "pyvrrp.core.model", False, id="conf knows core"),
        pytest.param("pyvrrp.conf.vrrp", "pyvrrp.net.monitor", True, id="conf knows no edge"),
        pytest.param("pyvrrp.net.monitor", "pyvrrp.conf.config", True, id="edges know no text"),
        pytest.param("pyvrrp.virtual_router", "pyvrrp.net.monitor", False, id="edge and edge"),
        pytest.param("pyvrrp.virtual_router", "pyvrrp.daemon.cli", True, id="no edge knows it"),
        pytest.param("pyvrrp.daemon.cli", "pyvrrp.conf.load", False, id="the daemon knows all"),
        pytest.param("pyvrrp.daemon.cli", "healthcheck.agent", False, id="and the other half"),
        pytest.param("pyvrrp.conf.lvs", "healthcheck.core.model", False, id="so does lvs"),
        pytest.param("pyvrrp.conf.lvs_web", "healthcheck.core.model", False, id="and its parts"),
        pytest.param("pyvrrp.conf.vrrp", "healthcheck.core.model", True, id="but nobody else"),
        pytest.param("pyvrrp.control.data_lvs", "pyvrrp.conf.config", False, id="output: language"),
        pytest.param("pyvrrp.control.data_lvs", "healthcheck.snapshot", False, id="both halves"),
        pytest.param("pyvrrp.control.data_vrrp", "pyvrrp.snapshot", False, id="and snapshots"),
        pytest.param("pyvrrp.control.data_vrrp", "pyvrrp.virtual_router", True, id="no edge"),
        pytest.param("pyvrrp.control.data_vrrp", "healthcheck.snapshot", True, id="only its half"),
        pytest.param("pyvrrp.bfd.speaker", "pyvrrp.core.model", True, id="BFD knows no VRRP"),
        pytest.param("pyvrrp.bfd.core.session", "pyvrrp.bfd.sockets", True, id="nor its core it"),
        pytest.param("pyvrrp.virtual_router", "pyvrrp.bfd.speaker", True, id="nor VRRP BFD"),
        pytest.param("healthcheck.agent", "pyvrrp.errors", True, id="never the other way"),
    ],
)
def test_the_direction_rule_itself(importer, imported, is_wrong):
    assert forbidden(importer, imported) is is_wrong


def part_of(name: str) -> str:
    """The package or module that a reader takes as one thing: daemon's parts are as many."""
    parts = name.split(".")
    return ".".join(parts[: 3 if parts[:2] == ["pyvrrp", "daemon"] else 2])


def test_no_two_parts_need_each_other():
    """Not even by way of others, and not for the types alone."""
    needs: dict[str, set[str]] = {}
    for path in MODULES:
        importer = part_of(name_of(path))
        others = {part_of(n) for n in imports(path)} - {importer}
        needs.setdefault(importer, set()).update(others)
    TopologicalSorter(needs).prepare()  # raises CycleError, which names them


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_names_say_what_a_module_is(path):
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert not vague & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.name != "__init__.py" and p.name != "__main__.py"], ids=ids
)
def test_every_module_says_what_is_public(path):
    tree = ast.parse(path.read_text())
    targets = {
        t.id
        for n in tree.body
        if isinstance(n, ast.Assign)
        for t in n.targets
        if isinstance(t, ast.Name)
    }
    assert "__all__" in targets
    assert ast.get_docstring(tree)


def run(program: str) -> None:
    """Run a Python program in a fresh interpreter; it fails the test by failing."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def modules_of(*packages: str) -> list[str]:
    return [name_of(p) for p in MODULES if is_inside(name_of(p), set(packages))]


def test_health_checks_work_without_pyvrrp():
    names = modules_of("healthcheck")
    run(
        f"import sys, importlib\nsys.modules['pyvrrp'] = None\nfor n in {names}: importlib.import_module(n)"
    )


def test_pyvrrp_works_without_health_checks():
    names = [n for n in modules_of("pyvrrp") if not is_inside(n, {"pyvrrp.daemon"})]
    names = [n for n in names if not is_about_ipvs(n) and not n.endswith("__main__")]
    run(
        "import sys, importlib\nsys.modules['healthcheck'] = None\n"
        f"for n in {names}: importlib.import_module(n)"
    )


def test_import_pyvrrp_loads_no_edge():
    run(
        "import sys, pyvrrp\n"
        "heavy = {'socket', '_socket', 'asyncio', 'selectors', 'ssl', 'pyroute2', 'scapy'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "loaded |= {n for n in sys.modules if n.startswith('pyvrrp.net')}\n"
        "assert not loaded, loaded"
    )


def test_the_core_loads_no_edge():
    names = modules_of("pyvrrp.core", "pyvrrp.bfd.core")
    run(
        f"import sys, importlib\nfor n in {names}: importlib.import_module(n)\n"
        "loaded = {'socket', '_socket', 'asyncio', 'selectors', 'logging'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
