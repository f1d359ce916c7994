"""Exit codes, and how every error of a command ends: one clear line on stderr, never a traceback."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import IO, Any, NoReturn, ParamSpec, TypeVar

import click

from hooktop.console.cli.inert import inert
from hooktop.console.operations.drill import DrillError
from hooktop.console.operations.journal import JournalError
from hooktop.console.providers.base import (
    AuthFailed,
    ProviderError,
    Unreachable,
)
from hooktop.console.settings import KeyMissing, SettingsError
from hooktop.console.stores.filter import FilterError

OK = 0
FAILED = 1
USAGE = 2
PARTLY = 3
NOT_AUTHORISED = 4
UNREACHABLE = 5
INTERRUPTED = 130

P = ParamSpec("P")
R = TypeVar("R")


class Failure(click.ClickException):
    """A command that ends with a message and one of our exit codes."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.__dict__["exit_code"] = code  # click declares it for the class, this one differs by instance

    def show(self, file: IO[Any] | None = None) -> None:
        """One line on stderr; what came from elsewhere cannot move the cursor."""
        lines = self.message.split("\n")
        click.echo(
            "\n".join(["Error: " + inert(lines[0]), *map(inert, lines[1:])]), file=file, err=file is None
        )


def code_of(error: ProviderError) -> int:
    """The exit code of a provider's error."""
    if isinstance(error, AuthFailed):
        return NOT_AUTHORISED
    return UNREACHABLE if isinstance(error, Unreachable) else FAILED


def reported(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors that a command expects into ``Failure``."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ProviderError as error:
            code = f" ({error.code})" if error.code else ""
            raise Failure(f"{error.message}{code}", code_of(error)) from None
        except KeyMissing as error:
            raise Failure(str(error), NOT_AUTHORISED) from None
        except SettingsError as error:
            raise Failure(str(error), USAGE) from None
        except (JournalError, DrillError) as error:
            raise Failure(str(error)) from None
        except KeyboardInterrupt:
            stop("interrupted", INTERRUPTED)

    return wrapped


def stop(message: str, code: int) -> NoReturn:
    """End with a message on stderr."""
    raise Failure(message, code)


def bad_filter(text: str, error: FilterError) -> Failure:
    """A filter that was not understood, with a caret under the place."""
    return Failure(f"the filter cannot be understood\n{error.pointed(text)}", USAGE)
