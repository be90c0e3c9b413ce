"""The law of the house, read from the source: which way imports point, what stays pure, how large a thing may grow.

Nothing here imports the code it judges, except where a class tree or a parser is compared with what is written about it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("hfs_emg", "firmware_bridge", "calibration")
ALLOWED = {"hfs_emg": {"firmware_bridge", "calibration"}, "firmware_bridge": set(), "calibration": set()}

SHELL = {
    "firmware_bridge.links": "a serial port, and the clock of arrival",
    "firmware_bridge.port_holder": "who holds a port, from /proc",
    "firmware_bridge.pty_server": "a thread that serves a pseudo-terminal",
    "firmware_bridge.connect": "which ports there are, and the clock for one that comes back",
    "firmware_bridge.attempts": "a thread that opens a board again",
    "firmware_bridge.brainflow_library": "the border to the BrainFlow package",
    "firmware_bridge.brainflow_port": "the port before and while BrainFlow has it",
    "firmware_bridge.brainflow_stream": "BrainFlow's clock",
    "hfs_emg.monitor": "the live service",
    "hfs_emg.worker": "the analyser's thread",
    "hfs_emg.analysis.beside": "the process that decides while this one prepares",
    "hfs_emg.sessions": "the wall clock at the beginning of a session",
    "hfs_emg.session.recorder": "the writer's thread",
    "hfs_emg.service": "the threads that open and finish sessions, and the wait for a board",
    "hfs_emg.notify": "the socket of a service manager",
    "hfs_emg.mark_socket": "the socket for markers",
    "hfs_emg.patient_socket": "the socket at which a simulated patient hears prompts",
    "hfs_emg.web.guard": "the time that a body may take",
    "hfs_emg.web.application": "the server's task that makes pictures",
    "hfs_emg.web.feed": "the queue between the recording's thread and the server's",
    "hfs_emg.web.live": "sockets of browsers",
    "hfs_emg.web.station": "the meeting of the recording's thread with the server's",
    "hfs_emg.web.shelf": "locks of sessions under review, and the wall clock of a verdict",
    "hfs_emg.web.looks": "the process that looks through a session's signal, and the thread that listens to it",
    "hfs_emg.web.drafts": "the thread that draws reports",
    "hfs_emg.web.server": "the server's socket and thread",
    "hfs_emg.doctor.machine": "what this computer says of its disk, its clock and its groups",
    "hfs_emg.cohort.crews": "worker processes, and the way to a cluster",
    "hfs_emg.cohort.running": "the wait for workers",
    "hfs_emg.soak": "clocks, and the system's books of threads",
    "hfs_emg.cli": "the process itself: signals, the terminal",
}
"""The modules that may know of clocks, threads, ports and sockets, each with what for. All others are pure.

A package stands for its modules."""


def is_shell(module: str) -> bool:
    """The module, or the package it belongs to, is named above."""
    return any(module == shell or module.startswith(f"{shell}.") for shell in SHELL)


IMPURE = {
    "_thread", "asyncio", "concurrent", "multiprocessing", "pty", "queue", "random", "sched", "select", "selectors",
    "serial", "signal", "socket", "socketserver", "ssl", "subprocess", "termios", "threading", "time", "tty",
}  # fmt: skip
IMPURE_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.sleep"}


@cache
def modules() -> dict[str, ast.Module]:
    """Dotted name of every module of the three packages, parsed."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text(), str(path))
    return found


def named(node: ast.AST) -> list[str]:
    """What an import statement names, dotted."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports name their module in full"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def imports(tree: ast.AST, *, functions: bool = True) -> Iterator[str]:
    """Everything imported at run time; without `functions` only what importing the module itself brings."""
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node):
            continue
        if not functions and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield from named(node)
        yield from imports(node, functions=functions)


def everything_named(tree: ast.AST) -> Iterator[str]:
    """Imports for the type checker too."""
    for node in ast.walk(tree):
        yield from named(node)


def module_of(name: str) -> str | None:
    """The module of ours that an imported dotted name belongs to."""
    while name:
        if name in modules():
            return name
        name = name.rpartition(".")[0]
    return None


def test_imports_point_downwards_only() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        for name in everything_named(tree)
        if (target := name.split(".")[0]) in PACKAGES
        and target != (home := module.split(".")[0])
        and target not in ALLOWED[home]
    ]
    assert not wrong, wrong


def test_nothing_of_ours_is_imported_by_what_carries_it() -> None:
    """Tests and benchmarks stand on the packages, never the other way round."""
    wrong = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        for name in everything_named(tree)
        if name.split(".")[0] in ("tests", "benchmarks", "docs", "pytest", "hypothesis")
    ]
    assert not wrong, wrong


def test_no_module_needs_itself_to_be_imported() -> None:
    """Two modules that import each other at their top level are one module in two files."""
    graph = {
        module: {t for name in imports(tree, functions=False) if (t := module_of(name)) not in (None, module)}
        for module, tree in modules().items()
    }
    done: set[str] = set()

    def follow(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, "a circle: " + " → ".join([*way[way.index(module) :], module])
        if module not in done:
            for target in sorted(graph[module]):  # type: ignore[type-var]
                follow(target, (*way, module))
            done.add(module)

    for module in graph:
        follow(module, ())


def test_clocks_threads_and_ports_live_in_the_named_shell_files() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        if not is_shell(module)
        for name in imports(tree)
        if name.split(".")[0] in IMPURE
    ]
    assert not wrong, wrong


def test_no_wall_clock_is_read_outside_the_shell_files() -> None:
    wrong = [
        f"{module}:{node.lineno} calls {ast.unparse(node.func)}"
        for module, tree in modules().items()
        if not is_shell(module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("datetime.") in IMPURE_CALLS
    ]
    assert not wrong, wrong


def test_every_shell_file_has_need_of_its_right() -> None:
    """A right that nobody uses is taken back."""
    idle = []
    for shell in SHELL:
        trees = [tree for module, tree in modules().items() if module == shell or module.startswith(f"{shell}.")]
        needs = {name.split(".")[0] for tree in trees for name in imports(tree)} & (IMPURE | {"os", "brainflow"})
        reads = any(ast.unparse(n) in IMPURE_CALLS for t in trees for n in ast.walk(t) if isinstance(n, ast.Attribute))
        if not (needs or reads):
            idle.append(shell)
    assert not idle, idle


def test_random_numbers_come_from_a_generator_with_a_seed() -> None:
    """numpy's global generator is shared by everybody, so that nobody's numbers can be had again."""
    allowed = {"np.random.Generator", "np.random.default_rng", "np.random.SeedSequence", "np.random.BitGenerator"}
    wrong = []
    for module, tree in modules().items():
        for node in ast.walk(tree):
            name = ast.unparse(node).replace("numpy.", "np.") if isinstance(node, ast.Attribute) else ""
            if name.rpartition(".")[0] == "np.random" and name not in allowed:
                wrong.append(f"{module}:{node.lineno} {name}")
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng") and not node.args:
                wrong.append(f"{module}:{node.lineno} a generator without a seed")
    assert not wrong, wrong


def test_brainflow_is_imported_only_when_asked_for() -> None:
    """Its wheel fails on a Raspberry Pi."""
    wrong = [
        m for m, tree in modules().items() for n in imports(tree, functions=False) if n.split(".")[0] == "brainflow"
    ]
    assert not wrong, wrong


def test_scipy_is_imported_by_the_analysis_alone_and_scipy_signal_by_nobody() -> None:
    """scipy.signal takes a second and 65 MB, on a Pi several seconds: it is what stands in when the filter's loop is not found."""
    at_import = {
        m for m, tree in modules().items() for n in imports(tree, functions=False) if n.split(".")[0] == "scipy"
    }
    assert at_import == {"hfs_emg.analysis.filters"}
    filters = {m for m, tree in modules().items() for n in imports(tree) if n.startswith("scipy.signal")}
    assert filters == {"hfs_emg.analysis.filters"}
    assert "scipy.signal" not in imports(modules()["hfs_emg.analysis.filters"], functions=False)


@pytest.mark.parametrize("arguments", [["--help"], ["record", "--help"], ["sessions", "--store", "{empty}"]])
def test_a_command_that_filters_nothing_starts_without_scipy(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys\nfrom hfs_emg.cli import main\n"
        "try:\n    status = main(sys.argv[1:])\nexcept SystemExit as end:\n    status = end.code\n"
        "heavy = [m for m in ('scipy', 'brainflow', 'matplotlib') if m in sys.modules]\n"
        "sys.exit(f'{heavy} came along' if heavy else status)"
    )
    given = [a.format(empty=tmp_path / "store") for a in arguments]
    ran = subprocess.run([sys.executable, "-c", code, *given], check=False, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
