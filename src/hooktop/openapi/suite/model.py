"""The case model: frozen values, no I/O. A case is data; everything that happens is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from hooktop.openapi.suite.matchers import Matcher
from hooktop.openapi.suite.pointer import MISSING


class Level(StrEnum):
    """How binding a requirement is, in the words of RFC 2119."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Verdict(StrEnum):
    """What a case came to."""

    PASS = "PASS"
    FAIL = "FAIL"
    NON_STRICT = "NON-STRICT"
    """A SHOULD that was not met."""
    INFO = "INFO"
    """A MAY that is handled otherwise."""
    UNIMPLEMENTED = "UNIMPLEMENTED"
    """The target does not claim the case's profile."""
    SKIP = "SKIP"
    """The safety level forbids what the case would send."""
    FLAKY = "FLAKY"
    """Failed, then did not fail the same way on fresh resources."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """The target lacks what the proof needs, a clock for instance. Never a pass."""


class Need(StrEnum):
    """What only a server with a control API offers."""

    CLOCK = "clock"
    RECEIVER = "receiver"
    STORE = "store"


class Auth(StrEnum):
    """Which credentials a call carries."""

    KEY = "key"
    NONE = "none"
    WRONG = "wrong"
    BARE = "bare"
    """The right key without its scheme."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where something is written: file name within the fixtures, and line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a requirement comes from: a page, and the operation when the page is a whole reference."""

    page: str
    operation: str | None = None

    def __str__(self) -> str:
        return self.page if self.operation is None else f"{self.page}#{self.operation}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One question to an answer: a place in the body, or a header, and its matcher."""

    place: str
    """A JSON pointer into the body, or `header:NAME`."""
    matcher: Matcher
    name: str
    """How reports call it: `error code`, `message`, `body /data/id`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One acceptable answer. A call lists several where the sources leave the choice."""

    status: int
    checks: tuple[Check, ...] = ()
    code: str | None = None
    """The documented error code, for the coverage map."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """Send one request and judge its answer."""

    position: Position
    operation: str
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = MISSING
    raw: str | None = None
    """The body as it is, not encoded: for malformed JSON."""
    auth: Auth = Auth.KEY
    outcomes: tuple[Outcome, ...] = ()
    """Empty: any documented success."""
    save: Mapping[str, str] = field(default_factory=dict)
    """Variable -> JSON pointer into the answer."""
    judged: bool = True
    """Whether the document judges the answer as well."""
    origin: str | None = None
    """The set-up that this call belongs to, None for the case's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Advance:
    """Move the virtual clock by a duration, to the next due work, or not at all (run what is due)."""

    position: Position
    by: Any = None
    to_next: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """Tell a receiver what to answer from now on."""

    position: Position
    receiver: str
    answers: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """How a delivery is signed: header, secret, and the text that is signed."""

    header: str
    secret: str
    form: str
    """`timestamp.body`: sha256=HEX over `<timestamp>.<body>`; `t,v1`: a list `t=..,v1=HEX` over `<t>,<body>`."""
    timestamp: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """Look at what a receiver got."""

    position: Position
    receiver: str
    checks: tuple[Check, ...]
    signature: Signature | None = None
    save: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Let the server's sweeper take the payload of a message now."""

    position: Position
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Assign:
    """Set variables."""

    position: Position
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unchanged:
    """Read, act, read again: whatever the reads show must be the same."""

    position: Position
    reads: tuple[Call, ...]
    steps: tuple[Step, ...]
    ignore: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """Play steps several times; `${n}` counts from 1."""

    position: Position
    times: Any
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """Page through a list as it grows: every page size boundary, complete, without doubles, ended properly."""

    position: Position
    call: Call
    limit: int
    create: tuple[Step, ...]
    created: str
    """Template of the id that one round of `create` made."""
    items: str
    item_id: str
    cursor: str
    """Pointer of the next cursor in the answer."""
    more: str | None
    """Pointer of the has-more flag, when the list has one."""
    limit_parameter: str
    cursor_parameter: str
    descending: str | None = None
    """Pointer within an item of the time that must not grow from row to row."""


Step: TypeAlias = Call | Advance | Script | Received | Sweep | Assign | Unchanged | Repeat | Walk


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """A fault written beside a case because no assertion of an API answer stands for it."""

    name: str
    operation: str
    nth: int
    patch: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One requirement and the steps that prove it."""

    id: str
    api: str
    level: Level
    title: str
    requirement: str
    sources: tuple[Source, ...]
    since: str
    profile: str
    position: Position
    steps: tuple[Step, ...]
    breaks: tuple[Break, ...] = ()

    @property
    def needs(self) -> frozenset[Need]:
        """What the target must offer besides its API."""
        return frozenset(need for step in flat(self.steps) for need in _need(step))

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call, set-ups and reads included, in order of writing."""
        return tuple(step for step in flat(self.steps) if isinstance(step, Call))


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """A documented answer that no case can reach, and why."""

    operation: str
    status: int
    code: str | None
    page: str | None
    reason: str
    position: Position


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreachable:
    """Pairs of a state machine that no case plays, and why."""

    machine: str
    states: tuple[str, ...]
    actions: tuple[str, ...]
    reason: str
    position: Position


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """One answer printed on a source page: what the suite owes."""

    page: str
    operation: str
    status: int
    code: str | None
    message: str | None
    position: Position


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """All that is written for one API."""

    api: str
    title: str
    base_path: str
    """Path of the API below an address that names none."""
    hosts: Mapping[str, str]
    """Operation -> name of the base URL that serves it, where it is not the main one."""
    path_defaults: Mapping[str, Any]
    error_code: str | None
    """Pointer of the machine-readable code in an error body."""
    error_message: str
    scheme: str
    """What stands before the key in `Authorization`."""
    variables: Mapping[str, Any]
    sources: Mapping[str, str]
    """Page name -> address."""
    cleanup: Mapping[str, str]
    """Variable -> operation that deletes the object it names, in a tenant that is shared; empty: none does."""
    cases: tuple[Case, ...]
    waivers: tuple[Waiver, ...]
    printed: tuple[Printed, ...]
    unreachable: tuple[Unreachable, ...]


def flat(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step, those within others included."""
    for step in steps:
        yield step
        match step:
            case Unchanged():
                yield from step.reads
                yield from flat(step.steps)
            case Repeat():
                yield from flat(step.steps)
            case Walk():
                yield from flat(step.create)
                yield step.call


def _need(step: Step) -> Iterator[Need]:
    match step:
        case Advance():
            yield Need.CLOCK
        case Script() | Received():
            yield Need.RECEIVER
        case Sweep():
            yield Need.STORE
