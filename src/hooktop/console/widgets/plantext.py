"""A plan and an outcome in lines: what will happen, to how many, in which order; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from hooktop.console.model import Endpoint, Result, Verb
from hooktop.console.operations.actions import Outcome, Plan, Progress
from hooktop.console.settings import Thresholds
from hooktop.console.widgets.bars import Part
from hooktop.console.widgets.text import ago, inert, plural, span

VERBS = {
    Verb.PAUSE: "pause",
    Verb.RESUME: "resume",
    Verb.RETRY_NOW: "retry now",
    Verb.REPLAY: "replay",
    Verb.CANCEL: "give up",
}
RESULT_TONES = {
    Result.ACCEPTED: "good",
    Result.REJECTED: "bad",
    Result.SKIPPED: "muted",
    Result.CANCELLED: "muted",
    Result.UNKNOWN: "warn",
}
_LABEL = 9


def title(plan: Plan) -> str:
    """What the plan does, in one line."""
    noun = "endpoint" if plan.verb.acts_on_endpoints else "message"
    if len(plan.items) == 1:
        item = plan.items[0]
        what = inert(item.name, 40) if isinstance(item, Endpoint) else f"message {inert(item.id, 40)}"
    else:
        what = plural(len(plan.items), noun)
    return f"{VERBS[plan.verb]} {what}"


def plan_lines(plan: Plan, thresholds: Thresholds, width: int) -> list[list[Part]]:
    """The plan as lines of at most ``width`` cells."""
    return list(_lines(plan, thresholds, width))


def _lines(plan: Plan, thresholds: Thresholds, width: int) -> Iterator[list[Part]]:
    for at, sentence in enumerate(plan.sentences):
        yield from _labelled("" if at else "means", sentence, width, "text")
    yield []
    if plan.filter_text:
        frozen = f"{plan.filter_text}   (frozen {plan.frozen_at:%H:%M:%S})"
        yield from _labelled("filter", frozen, width, "text")
    if not plan.verb.acts_on_endpoints or len(plan.items) > 1:
        yield from _labelled("on", _counted(plan.by_endpoint), width, "text")
    if plan.skipped:
        yield from _labelled("skipped", _counted(plan.skipped_by_reason), width, "muted")
    if len(plan.items) > 1 and not plan.verb.acts_on_endpoints:
        yield from _pace(plan, thresholds, width)
    for at, warning in enumerate(plan.warnings):
        yield from _labelled("" if at else "careful", warning, width, "warn")


def _pace(plan: Plan, thresholds: Thresholds, width: int) -> Iterator[list[Part]]:
    seconds = len(plan.items) / thresholds.rate_per_s if thresholds.rate_per_s else 0.0
    order = f"oldest first, {thresholds.rate_per_s:g} a second, about {span(max(1.0, seconds))}"
    if plan.oldest is not None and plan.newest is not None:
        order += f"; accepted {ago(plan.oldest, plan.frozen_at)} to {ago(plan.newest, plan.frozen_at)} ago"
    yield from _labelled("order", order, width, "text")
    if plan.canary:
        proof = "must be delivered before the rest goes" if plan.needs_delivery else "must be accepted first"
        yield from _labelled("canary", f"the first {plan.canary} {proof}", width, "text")
    stop = f"more than {thresholds.breaker_percent} % of the last {thresholds.breaker_window} fail"
    yield from _labelled(
        "stops", f"when {stop}, or {thresholds.breaker_in_a_row} API failures in a row", width, "text"
    )


def _counted(pairs: Sequence[tuple[str, int]], most: int = 4) -> str:
    told = [f"{inert(name, 60)} {count:,}" for name, count in pairs[:most]]
    if len(pairs) > most:
        told.append(f"{len(pairs) - most} more")
    return " · ".join(told)


def _labelled(label: str, text: str, width: int, tone: str) -> Iterator[list[Part]]:
    for at, line in enumerate(wrap(inert(text), max(20, width - _LABEL)) or [""]):
        yield [Part(f"{label if at == 0 else '':<{_LABEL}}", "muted"), Part(line, tone)]


def progress_parts(plan: Plan, progress: Progress | None, elapsed_s: float, width: int) -> list[Part]:
    """One line about a running job: bar, counts, rate, time left."""
    done, total = (progress.done, progress.total) if progress else (0, len(plan.items))
    phase = {"canary": "canary", "proving": "canary sent, waiting for delivery"}.get(
        progress.phase if progress else "", ""
    )
    rate = done / elapsed_s if elapsed_s > 0 else 0.0
    left = f"{span((total - done) / rate)} left" if rate > 0 and done < total else ""
    room = max(6, min(30, width - 90))
    full = room * done // total if total else room
    parts = [
        Part(f"{title(plan)}  ", "bright"),
        Part("█" * full, "accent"),
        Part("░" * (room - full), "rule"),
        Part(f"  {done:,}/{total:,}  ", "bright"),
        *(_count_parts(progress.counts) if progress else []),
    ]
    tail = "  ".join(piece for piece in (phase, f"{rate:.0f}/s" if done else "", left) if piece)
    return [*parts, Part(tail, "muted")]


def _count_parts(counts: Mapping[Result, int]) -> list[Part]:

    return [
        Part(f"{result.value} {counts[result]:,}  ", RESULT_TONES[result])
        for result in Result
        if counts.get(result)
    ]


def outcome_parts(outcome: Outcome) -> list[Part]:
    """One line about a job that ended."""
    parts = [Part(f"{title(outcome.plan)}  ", "bright"), *_count_parts(outcome.counts)]
    requeued = sum(result.count or 0 for result in outcome.results)
    if requeued:
        parts.append(Part(f"{plural(requeued, 'message')} queued again  ", "good"))
    if outcome.reasons:
        parts.append(Part("· " + _counted(outcome.reasons, 2) + "  ", "bad"))
    if outcome.stopped:
        parts.append(Part(outcome.stopped + "  ", "warn"))
    return [*parts, Part(f"in {span(outcome.elapsed_s)}", "muted")]
