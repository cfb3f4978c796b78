"""The grammar of all commands (jsonargparse), and its mistakes told in one sentence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, final

from jsonargparse import ArgumentParser

from vaekit.errors import UserError, nearest

GIVEN = "what a conditional model is told: a label, or the attributes that are there, with commas between"
"""Help of --given, which several commands have."""


@final
class Parser(ArgumentParser):
    """A parser whose errors are `UserError`s: one sentence, with the nearest option."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise the mistake as one sentence."""
        raise UserError(f"{self.prog.removeprefix('vaekit ')}: {sentence(message, self.options())}") from ex

    def options(self) -> list[str]:
        """Every option's long spelling."""
        return [s for action in self._actions for s in action.option_strings if s.startswith("--")]


def sentence(message: str, options: Sequence[str]) -> str:
    """Turn a parser's message into one sentence for people.

    Example:
        >>> sentence("unrecognized arguments: --betta 3", ["--beta", "--epochs"])
        'no option --betta; did you mean --beta?'
        >>> sentence('Parser key "n":\\n  Expected a <class \\'int\\'>. Got value: x', [])
        "--n cannot be 'x': expected a whole number"
    """
    if match := re.match(r"unrecognized arguments: (\S+)", message, re.IGNORECASE):
        option = match[1].split("=")[0]
        if option.startswith("--"):
            return f"no option {option}; {nearest(option, options)}"
        return f"{option!r} is one argument too many"
    if match := re.search(r'[Kk]ey "([\w.]+)"', message):
        key = match[1]
        value = re.search(r"(?:Got value|Given value): (.*)", message)
        if value is None:
            return " ".join(message.split())
        return f"--{key} cannot be {value[1].strip()!r}: expected {_expected(message)}"
    return " ".join(message.split())


def _expected(message: str) -> str:
    if choices := re.search(r"Literal\[(.*?)\]", message):
        names = choices[1].replace("'", "").split(", ")
        value = re.search(r"(?:Got value|Given value): (.*)", message)
        close = nearest(value[1].strip(), names) if value else ""
        return f"one of {', '.join(names)}" + (f"; {close}" if close.startswith("did") else "")
    kinds = {
        "tuple[int": "whole numbers, as in 200,200",
        "bool": "true or false",
        "int": "a whole number",
        "float": "a number",
    }
    return next((words for kind, words in kinds.items() if kind in message), "another kind of value")


LISTS = ("--hidden", "--scalar_levels")
"""Options whose values are lists of whole numbers."""


def with_lists(arguments: Sequence[str]) -> list[str]:
    """Let lists be written without brackets: --hidden 200,200.

    Example:
        >>> with_lists(["digits", "--hidden", "200,200", "--hidden=50"])
        ['digits', '--hidden', '[200,200]', '--hidden=[50]']
    """
    result: list[str] = []
    previous = ""
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if previous in LISTS and re.fullmatch(r"\d+(,\d+)*", argument):
            result.append(f"[{argument}]")
        elif name in LISTS and equals and re.fullmatch(r"\d+(,\d+)*", value):
            result.append(f"{name}=[{value}]")
        else:
            result.append(argument)
        previous = argument
    return result


@final
@dataclass(frozen=True)
class Arguments:
    """Parsed options, read by name with a type.

    Args:
        values: what the parser found.
    """

    values: Any

    def text(self, name: str) -> str:
        """A string."""
        return str(self.values[name])

    def optional_text(self, name: str) -> str | None:
        """A string, or None where it was not given."""
        value = self.values[name]
        return None if value is None else str(value)

    def integer(self, name: str) -> int:
        """A whole number."""
        return int(self.values[name])

    def number(self, name: str) -> float:
        """A number."""
        return float(self.values[name])

    def flag(self, name: str) -> bool:
        """Whether a switch was given."""
        return bool(self.values[name])

    def texts(self, name: str) -> list[str]:
        """Several strings."""
        return [str(value) for value in self.values[name] or []]


def positive(name: str, value: int) -> int:
    """A count of at least 1.

    Raises:
        UserError: otherwise.
    """
    if value < 1:
        raise UserError(f"{name} must be at least 1, got {value}")
    return value
