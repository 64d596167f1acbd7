"""Finds every source string the pages say."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

WEB = Path(__file__).parents[3] / "web"


def in_templates() -> Iterator[tuple[str, str]]:
    """Every literal given to `_` in a template, with the file it is in."""
    environment = Environment(autoescape=True)
    for path in sorted((WEB / "templates").rglob("*.html")):
        for call in environment.parse(path.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                literal = call.args[0]
                assert isinstance(literal, nodes.Const), f"{path.name}: `_` of a computed string"
                yield path.relative_to(WEB).as_posix(), str(literal.value)


def in_code() -> Iterator[tuple[str, str]]:
    """Every literal given to `say` in the package, with the file it is in."""
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id != "say":
                continue
            for argument in node.args[:2]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield path.relative_to(WEB).as_posix(), argument.value
