"""YAML files of config/ read with the line of every value, so that each fault can be shown in its place."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from matcher.errors import ConfigError

YamlPath = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


@dataclass
class YamlFile:
    """`data` as yaml.safe_load would give it, None if there is none; `faults` found so far."""

    path: Path
    data: object = None
    faults: list[ConfigError] = field(default_factory=list)
    lines: Mapping[YamlPath, int] = field(default_factory=dict)

    def fault(self, where: YamlPath, message: str) -> None:
        """Notes a fault at the value `where`, or at the nearest enclosing value that has a line."""
        known = (where[:length] for length in range(len(where), -1, -1))
        line = next((self.lines[path] for path in known if path in self.lines), None)
        place = ".".join(map(str, where))
        self.faults.append(ConfigError(str(self.path), line, f"{place}: {message}" if place else message))

    def read_as(self, model: type[Model], data: object, where: YamlPath = ()) -> Model | None:
        """`data`, which stands at `where` in this file, as a model; or None and its faults noted."""
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                self.fault((*where, *one["loc"]), _in_words(one["type"], one["msg"]))
            return None


def read_yaml(path: Path) -> YamlFile:
    """Never raises: a file that is missing, no UTF-8 or no YAML has its fault noted."""
    file = YamlFile(path)
    try:
        loader = yaml.CSafeLoader(path.read_text("utf-8"))
        root = loader.get_single_node()
        if root is not None:
            file.lines = dict(_lines(root, ()))
            _note_nodes(file, root, ())
            file.data = loader.construct_document(root)
        if file.data is None:
            file.fault((), "is empty")
    except OSError as error:
        file.fault((), f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        file.fault((), "is not UTF-8")
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or error
        file.faults.append(ConfigError(str(path), mark.line + 1 if mark else None, f"is no YAML: {problem}"))
    return file


def _lines(node: yaml.Node, path: YamlPath) -> Iterator[tuple[YamlPath, int]]:
    """Where each value stands, counted from 1: a mapping's value at the line of its key."""
    if not path:
        yield path, node.start_mark.line + 1
    for key, step, child in _children(node):
        yield (*path, step), key.start_mark.line + 1
        yield from _lines(child, (*path, step))


def _note_nodes(file: YamlFile, node: yaml.Node, path: YamlPath) -> None:
    """Faults that the plain data no longer shows: a key given twice, text that is not NFC."""
    steps: set[str | int] = set()
    for key, step, child in _children(node):
        if step in steps:
            line = key.start_mark.line + 1
            file.faults.append(ConfigError(str(file.path), line, f"the key {step!r} is given twice"))
        steps.add(step)
        _note_nodes(file, child, (*path, step))
        for scalar in {id(key): key, id(child): child}.values():
            if isinstance(scalar, yaml.ScalarNode) and not unicodedata.is_normalized("NFC", scalar.value):
                file.fault((*path, step), f"{scalar.value!r} is not in Unicode form NFC")


def _children(node: yaml.Node) -> Iterator[tuple[yaml.Node, str | int, yaml.Node]]:
    """The node whose line counts, the step to the child, and the child."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key, str(key.value), value
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield item, index, item


def _in_words(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "unknown key"
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ")
