"""The house rules on size: short functions, few parameters, short door signs, plain names."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest

import lhs_pipeline

PACKAGE = Path(lhs_pipeline.__file__).parent
MODULES = {
    file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
    for file in sorted(PACKAGE.rglob("*.py"))
}
Function = ast.FunctionDef | ast.AsyncFunctionDef
SIX_PARAMETERS = {}


def functions() -> Iterator[tuple[str, Function]]:
    for name, module in MODULES.items():
        for node in ast.walk(module):
            if isinstance(node, Function):
                yield f"{name}:{node.name}", node


def lines_of(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters_of(function: Function) -> int:
    told = function.args
    named = [*told.posonlyargs, *told.args, *told.kwonlyargs]
    return len([a for a in named if a.arg not in {"self", "cls"}])


LENGTHS = {name: lines_of(function) for name, function in functions()}


def test_no_function_is_longer_than_fifty_lines() -> None:
    assert {name: length for name, length in LENGTHS.items() if length > 50} == {}


def test_most_functions_are_short() -> None:
    assert median(LENGTHS.values()) <= 12
    assert quantiles(LENGTHS.values(), n=10)[-1] <= 30


def test_no_function_takes_more_than_five_parameters_without_a_reason() -> None:
    many = {name for name, function in functions() if parameters_of(function) > 5}
    assert many == set(SIX_PARAMETERS)


def test_a_documented_exception_takes_no_more_than_six() -> None:
    assert all(parameters_of(f) <= 6 for name, f in functions() if name in SIX_PARAMETERS)


@pytest.mark.parametrize("name", [n for n in MODULES if not n.endswith("__init__.py")])
def test_a_module_has_a_door_sign_of_at_most_four_lines(name: str) -> None:
    said = ast.get_docstring(MODULES[name], clean=False)
    assert said and len(said.strip().splitlines()) <= 4


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_named_for_what_it_holds(name: str) -> None:
    parts = {part.removesuffix(".py") for part in name.split("/")}
    assert not parts & {"utils", "util", "helpers", "helper", "misc", "common", "tools", "base"}


def test_nothing_below_the_wiring_reads_clock_environment_or_chance() -> None:
    allowed = {"settings.py", "cli.py", "night.py", "definitions.py", "sweep.py"}
    below = {name: ast.unparse(module) for name, module in MODULES.items() if name not in allowed}
    forbidden = ("datetime.now(", "date.today(", "time.time(", "os.environ", "np.random.seed")
    found = {(name, word) for name, text in below.items() for word in forbidden if word in text}
    assert found == set()
