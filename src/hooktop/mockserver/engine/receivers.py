"""Scripted receivers: what the server behind an endpoint's URL answers, and what it got."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from hooktop.mockserver.delivery.model import Answer, AnswerError, Endpoint
from hooktop.mockserver.engine.chance import Chance
from hooktop.mockserver.engine.scripts import ScriptedAnswer, magic_answers, parse_answers
from hooktop.mockserver.engine.transport import BODY_KEPT, Delivery

RECEIVED_KEPT = 10_000
TIMEOUT_MS = 30_000
"""How long a delivery waits for an answer that does not come."""
_OK = ScriptedAnswer(status=200, body=b'{"ok":true}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The answers of one receiver, found by its name or by its host."""

    name: str
    answers: tuple[ScriptedAnswer, ...]
    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One delivery as its receiver saw it."""

    seq: int
    at: int
    receiver: str
    endpoint: Endpoint
    message_id: str
    attempt_no: int
    status: int | None
    error: AnswerError | None
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Scripted:
    """An answer, and whether the attempt stays in flight for the answer's latency."""

    answer: Answer
    in_flight: bool = False


@lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """The lower-case host of a URL, without port."""
    return (urlsplit(url).hostname or "").lower()


class Receivers:
    """All receivers of a project. A host without a script answers 200."""

    def __init__(self, chance: Chance, on_change: Callable[[], None] = lambda: None) -> None:
        self._chance = chance
        self._on_change = on_change
        self._scripts: dict[str, Script] = {}
        self._used: dict[str, list[int]] = {}
        self._received: deque[Received] = deque(maxlen=RECEIVED_KEPT)
        self._seq = 0

    # --- scripts ---------------------------------------------------------

    def set(self, name: str, answers: Sequence[Any], host: str | None = None) -> Script:
        """Give the receiver `name` (or of that host) a script; it starts from its first answer.

        `answers` are ScriptedAnswer values or their JSON form. Raises ScriptError, then nothing changes.
        """
        script = self._keep(name, answers, host)
        self._on_change()
        return script

    def _keep(self, name: str, answers: Sequence[Any], host: str | None) -> Script:
        parsed = parse_answers(answers, "answers")
        script = Script(name=name, answers=parsed, host=host.lower() if host else None)
        self._scripts[name] = script
        self._used[name] = [0] * len(parsed)
        return script

    def get(self, name_or_host: str) -> Script | None:
        """The script of this name or host."""
        return self._scripts.get(name_or_host) or self._by_host(name_or_host.lower())

    def drop(self, name_or_host: str) -> bool:
        """Take a script away; False when there is none."""
        script = self.get(name_or_host)
        if script is None:
            return False
        del self._scripts[script.name], self._used[script.name]
        self._on_change()
        return True

    def scripts(self) -> list[Script]:
        """All scripts, by name."""
        return [self._scripts[name] for name in sorted(self._scripts)]

    def _by_host(self, host: str) -> Script | None:
        scripts = self._scripts
        if not scripts:
            return None
        found = scripts.get(host) or scripts.get(host.partition(".")[0])
        if found is not None and found.host in (None, host):
            return found
        return next((script for script in scripts.values() if script.host == host), None)

    # --- answering -------------------------------------------------------

    def answer(self, delivery: Delivery) -> Scripted:
        """What the receiver of this delivery answers; the delivery is noted as received."""
        host = host_of(delivery.url)
        script = self._by_host(host)
        line = self._next_line(script, delivery) if script else self._magic_line(host, delivery.number)
        scripted = self._scripted(line, delivery)
        self._note(script.name if script else host, delivery, scripted.answer)
        return scripted

    def _next_line(self, script: Script, delivery: Delivery) -> ScriptedAnswer:
        used = self._used[script.name]
        chosen: int | None = None
        for number, line in enumerate(script.answers):
            if not line.is_open(delivery.at):
                continue
            chosen = number
            if line.times is None or used[number] < line.times:
                break
        if chosen is None:
            return _OK
        used[chosen] += 1
        return script.answers[chosen]

    def _magic_line(self, host: str, attempt: int) -> ScriptedAnswer:
        lines = magic_answers(host)
        return lines[min(attempt, len(lines)) - 1] if lines else _OK

    def _scripted(self, line: ScriptedAnswer, delivery: Delivery) -> Scripted:
        latency_ms = line.latency_ms
        if latency_ms is None and line.error is AnswerError.TIMEOUT:
            latency_ms = TIMEOUT_MS
        natural = self._natural_ms(delivery) if latency_ms is None else latency_ms
        is_error = line.error is not None
        answer = Answer(
            status=None if is_error else line.status,
            headers={} if is_error else line.headers,
            body=b"" if is_error else line.body[:BODY_KEPT],
            latency_ms=natural,
            error=line.error,
            resolved_ip="127.0.0.1",
            timings=_timings(natural),
            conn_reused=delivery.number > 1,
        )
        return Scripted(answer, in_flight=bool(latency_ms))

    def _natural_ms(self, delivery: Delivery) -> int:
        """A likely latency: most are short, few are long."""
        draw = self._chance.at("latency", delivery.message.id, delivery.number)
        return 18 + int(60 * draw + 420 * draw**8)

    # --- what was received -----------------------------------------------

    def _note(self, name: str, delivery: Delivery, answer: Answer) -> None:
        self._seq += 1
        self._received.append(
            Received(
                seq=self._seq,
                at=delivery.at,
                receiver=name,
                endpoint=delivery.endpoint,
                message_id=delivery.message.id,
                attempt_no=delivery.number,
                status=answer.status,
                error=answer.error,
                headers=delivery.headers,
                body=delivery.payload,
            )
        )

    def received(
        self, name_or_host: str | None = None, *, limit: int = 100, before: int | None = None
    ) -> list[Received]:
        """Deliveries that a receiver (None: any) got, newest first, older than number `before`."""
        wanted = self._meant(name_or_host)
        found: list[Received] = []
        for item in reversed(tuple(self._received)):
            if (before is None or item.seq < before) and wanted(item) and len(found) < limit:
                found.append(item)
        return found

    def _meant(self, name_or_host: str | None) -> Callable[[Received], bool]:
        if name_or_host is None:
            return lambda _item: True
        names = {name_or_host}
        script = self.get(name_or_host)
        if script is not None:
            names.add(script.name)
        return lambda item: item.receiver in names or host_of(item.endpoint.url) in names

    def forget_received(self) -> None:
        """Forget what was received; scripts stay."""
        self._received.clear()

    # --- keeping ---------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Scripts and how far each has come, JSON-able."""
        return {
            "scripts": [
                {
                    "name": script.name,
                    "host": script.host,
                    "answers": [line.state() for line in script.answers],
                    "used": list(self._used[script.name]),
                }
                for script in self.scripts()
            ]
        }

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Go back to what `state` gave; what was received is forgotten."""
        self._scripts, self._used = {}, {}
        for raw in state["scripts"]:
            self._keep(raw["name"], raw["answers"], raw["host"])
            self._used[raw["name"]] = list(raw["used"])
        self.forget_received()


@lru_cache(maxsize=4096)
def _timings(latency_ms: int) -> Mapping[str, int]:
    connect = latency_ms // 6
    return {"dns": 0, "connect": connect, "wait": latency_ms - connect}
