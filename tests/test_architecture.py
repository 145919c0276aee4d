"""Imports point one way, between the four folders and between the rooms inside each of them."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {  # the other folders that each may import; the lightest folder owns the shared code
    "edge_runtime": set(),
    "training": {"edge_runtime"},
    "convert": {"training", "edge_runtime"},
    "benchmarks": {"edge_runtime"},
}
# Rooms and top modules of each folder, from the ground up: an import may only point down, or stay in its room.
ORDER = {
    "edge_runtime": (
        "errors whole_file folder_owner picture_files command_line value_range pixels framing model_files spec styles "
        "timing sessions faces cartoon sources sinks gallery playing live pace pages control serving preview photos "
        "service commands __main__"
    ),
    "training": (
        "engine work recipes pictures guides networks critic detectors drawn drawings runs foreign stylize trainers "
        "face_tracker prepare score flags commands __main__"
    ),
    "convert": (
        "quiet sources formats judge targets improve destination material trials build debug choosing verify "
        "inspection adopt commands __main__"
    ),
    "benchmarks": "device results roofline opening measuring boards commands __main__",
}
SHARED_WITH_TRAINING = {
    *(
        "errors",
        "whole_file",
        "folder_owner",
        "picture_files",
        "command_line",
        "value_range",
        "pixels",
        "framing",
        "faces",
        "spec",
    )
}
SHARED_WITH_SCORE = SHARED_WITH_TRAINING | {"sessions", "styles", "model_files"}  # it judges what ships, as it runs
SHARED_WITH_DRAWN = SHARED_WITH_TRAINING | {"sessions"}  # it runs the face mesh, a foreign file, on LiteRT
SHARED_WITH_FOREIGN = SHARED_WITH_TRAINING | {"sessions", "model_files"}  # it runs other projects' files
SHARED_WITH_DETECTORS = SHARED_WITH_TRAINING | {"sessions"}  # it tries files of detectors in a child process
SHARED_WITH_GUIDES = SHARED_WITH_TRAINING | {"sessions"}  # it opens files of networks through the runtime's door
SHARED_WITH_ROOM = {
    "guides": SHARED_WITH_GUIDES,
    "score": SHARED_WITH_SCORE,
    "drawn": SHARED_WITH_DRAWN,
    "foreign": SHARED_WITH_FOREIGN,
    "detectors": SHARED_WITH_DETECTORS,
}
SHARED_WITH_CONVERT = {"engine", "pictures", "runs", "networks", "foreign"}
LATE: dict[str, str] = {  # module -> why it imports another one of the kit inside a function
    "training.flags.training_run": "the back-end is chosen before Keras is imported, and --help does without it",
    "training.runs.checkpoint": "the layers of a generator need Keras, which reading a run directory does without",
    "benchmarks.measuring.worker_process": "the process is measured: modules of the pipeline would count",
    "edge_runtime.service.running": "the preview brings Flask, 10 MB that a headless run does without",
}
HEAVY = {"tensorflow", "keras", "jax", "torch"}


@cache
def modules() -> dict[str, Path]:
    """Every module of the kit by its dotted name without `facetoon.`."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def imports_of(path: Path) -> set[str]:
    """All imports of a file, also inside functions and for type checkers; our own names without `facetoon.`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("facetoon.") for name in names}


def own_imports(name: str) -> Iterator[str]:
    """The modules of the kit that a module imports."""
    for imported in imports_of(modules()[name]):
        if imported in modules() and imported != name and imported.count("."):
            yield imported


def room(name: str) -> str:
    """`training.networks.losses` -> `networks`; `edge_runtime.pixels` -> `pixels`."""
    return name.split(".")[1]


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_one_way(folder):
    for name, path in modules().items():
        if name.split(".")[0] != folder:
            continue
        tops = {imported.split(".")[0] for imported in imports_of(path)}
        assert tops & set(FOLDERS) <= FOLDERS[folder] | {folder}, name
        if folder in ("edge_runtime", "benchmarks"):
            assert not tops & HEAVY, name


@pytest.mark.parametrize("folder", FOLDERS)
def test_rooms_import_downwards(folder):
    order = ORDER[folder].split()
    for name in modules():
        if not name.startswith(f"{folder}."):
            continue
        assert room(name) in order, f"{name} stands on no floor: give it a place in ORDER"
        for imported in own_imports(name):
            if imported.startswith(f"{folder}."):
                assert order.index(room(imported)) <= order.index(room(name)), f"{name} imports {imported}, above it"


def test_no_modules_import_each_other():
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for imported in own_imports(name):
                visit(imported, [*path, name])
            done.add(name)

    for name in modules():
        visit(name, [])


def test_training_takes_only_what_the_device_must_agree_on():
    for name in modules():
        if name.startswith("training."):
            shared = SHARED_WITH_ROOM.get(room(name), SHARED_WITH_TRAINING)
            parts = {room(imported) for imported in own_imports(name) if imported.startswith("edge_runtime.")}
            assert parts <= shared, f"{name} imports {parts - shared}"


def test_convert_takes_of_training_only_generators_and_pictures():
    for name in modules():
        if name.startswith("convert."):
            parts = {room(imported) for imported in own_imports(name) if imported.startswith("training.")}
            assert parts <= SHARED_WITH_CONVERT, f"{name} imports {parts - SHARED_WITH_CONVERT}"


def definitions(kind: type) -> dict[str, list[str]]:
    places = defaultdict(list)
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, kind):
                places[node.name].append(name)
    return places


def test_a_name_stands_for_one_thing():
    stems = defaultdict(list)
    for name, path in modules().items():
        if path.stem not in ("__init__", "__main__"):
            stems[path.stem].append(name)
    assert {stem: names for stem, names in stems.items() if len(names) > 1} == {}
    assert {name: places for name, places in definitions(ast.ClassDef).items() if len(places) > 1} == {}


def test_a_room_is_small_and_says_what_it_is_for():
    for folder in {path.parent for path in modules().values()}:
        rooms = [path for path in folder.glob("*.py") if path.stem not in ("__init__", "__main__")]
        assert len(rooms) <= 12, folder
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))), folder


def test_files_and_functions_fit_a_screen_or_few():
    for path in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("docs/**/*.py"), *modules().values()]:
        text = path.read_text("utf-8")
        assert text.count("\n") <= 300, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path}: {node.name}"


def test_most_functions_are_short():
    lengths = [
        node.end_lineno - node.lineno + 1
        for path in modules().values()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert statistics.median(lengths) <= 8
    assert statistics.quantiles(lengths, n=10)[-1] <= 20


def test_no_block_stands_twice():
    """Thirteen lines of code in a row, without blank lines, comments and imports."""
    places: dict[tuple[str, ...], str] = {}
    for path in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("docs/**/*.py"), *modules().values()]:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        lines = [line for line in lines if line and not line.startswith(("#", "import ", "from "))]
        for start in range(len(lines) - 12):
            block = tuple(lines[start : start + 13])
            place = f"{path.relative_to(ROOT)}: {block[0]}"
            assert block not in places, f"{place} stands in {places[block]} too"
            places[block] = place


def late_imports(name: str) -> set[str]:
    """The modules of the kit that a module imports inside its functions."""
    functions = [
        node
        for node in ast.walk(ast.parse(modules()[name].read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    nodes = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.ImportFrom)]
    names = [f"{node.module}.{alias.name}" for node in nodes for alias in node.names] + [node.module for node in nodes]
    return {name.removeprefix("facetoon.") for name in names} & set(modules())


def test_late_imports_have_a_reason():
    """A command may import late any module that its --help does not need; elsewhere only the modules below may."""
    late = {name for name in modules() if late_imports(name) and ".commands." not in name}
    assert late == set(LATE)


@pytest.mark.parametrize("folder", FOLDERS)
def test_help_needs_nothing_heavy(folder):
    code = (
        f"import sys\nfrom facetoon.{folder}.__main__ import build_parser\nbuild_parser().format_help()\n"
        "print([m for m in ('numpy', 'cv2', 'flask', 'tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
