"""What the control API reads: typed forms, and the error that names a wrong field."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from hooktop.mockserver.http.call import MISSING, Call, Malformed
from hooktop.mockserver.http.errors import ApiError

Form = TypeVar("Form")


class ClockForm(msgspec.Struct, forbid_unknown_fields=True):
    """A clock: `now` and `speed` only where the mode has them."""

    mode: Literal["real", "virtual", "scaled"]
    now: str | None = None
    speed: float | None = None


class ProjectForm(msgspec.Struct, forbid_unknown_fields=True):
    """A new project."""

    api: str
    name: str | None = None
    scenario: str | None = None
    seed: int | None = None
    clock: ClockForm | None = None
    deliver: Literal["simulate", "http"] | None = None
    profile: dict[str, str | bool | int] = {}
    faults: list[dict[str, Any]] = []


class AdvanceForm(msgspec.Struct, forbid_unknown_fields=True):
    """How far: `by` an ISO 8601 duration or seconds, or `to` an instant."""

    by: str | int | float | None = None
    to: str | None = None
    max_steps: int | None = None


class ReceiverForm(msgspec.Struct, forbid_unknown_fields=True):
    """A receiver's script; its last answer repeats. `host`: answer for this host besides the name."""

    answers: list[dict[str, Any]]
    host: str | None = None
    name: str | None = None
    """The path's name is the one that counts; this one may repeat it."""


class FaultsForm(msgspec.Struct, forbid_unknown_fields=True):
    """All fault rules of a project; they take the place of those before."""

    rules: list[dict[str, Any]]


class VerifyForm(msgspec.Struct, forbid_unknown_fields=True):
    """How many journal rows must match; without `count` at least one."""

    match: dict[str, Any]
    count: int | None = None


class WaitForm(msgspec.Struct, forbid_unknown_fields=True):
    """What to wait for, and how long."""

    match: dict[str, Any]
    count: int = 1
    timeout_s: float = 10.0


Part = Literal["all", "data", "clock", "receivers", "faults", "journal"]


class ResetForm(msgspec.Struct, forbid_unknown_fields=True):
    """What to put back to the seeded world."""

    what: Part | list[Part] = "all"


class SnapshotForm(msgspec.Struct, forbid_unknown_fields=True):
    """The name of a point in time."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


def read(call: Call, form: type[Form], *, empty: bool = False, bare_list: str = "") -> Form:
    """The request's body as this form; Raises ApiError naming the field.

    `empty` allows no body at all; `bare_list` is the field that a body which is just a list stands for.
    """
    try:
        body = call.body
    except Malformed as error:
        raise invalid("", f"the body is not JSON: {error.reason}") from None
    if body is MISSING:
        if not empty:
            raise invalid("", "a JSON body is required")
        body = {}
    if bare_list and isinstance(body, list):
        body = {bare_list: body}
    try:
        return msgspec.convert(body, form)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        raise invalid(_field(path, reason), reason) from None


def _field(path: str, reason: str) -> str:
    """The field in the form a reader knows: `clock.mode` for msgspec's `$.clock.mode`."""
    named = re.search(r"field `(\w+)`", reason)
    parts = [part for part in (path.strip("`").removeprefix("$").lstrip("."), named and named[1]) if part]
    return ".".join(parts)


def invalid(field: str, reason: str, *, where: str = "") -> ApiError:
    """The refusal of a request whose `field` is wrong."""
    place = f"{where or field}: " if where or field else ""
    details = [{"field": field, "reason": reason}]
    return ApiError(400, "INVALID_REQUEST", f"{place}{reason}", details)


_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>\d+(?:\.\d+)?)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


_SECONDS: Final = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_LONGEST_S: Final = 10_000 * 366 * 86_400


def duration_ms(value: str | float, field: str) -> int:
    """Milliseconds of an ISO 8601 duration such as PT72H, or of a number of seconds. Raises ApiError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        seconds = _iso_seconds(str(value), field)
    if seconds < 0:
        raise invalid(field, "time only moves forward; give a duration of 0 or more")
    if seconds > _LONGEST_S:
        raise invalid(field, "no clock runs that long; give less than 10000 years")
    return round(seconds * 1000)


def _iso_seconds(text: str, field: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    found = _DURATION.fullmatch(text)
    parts = {name: float(number) for name, number in found.groupdict().items() if number} if found else {}
    if not parts:
        raise invalid(field, f"{text!r} is no duration; use seconds or ISO 8601 such as PT72H or P1DT30M")
    return sum(number * _SECONDS[name] for name, number in parts.items())
