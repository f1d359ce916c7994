"""Carrying out a verb for a command: the plan on stderr, the confirmation, the results on stdout, the exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import click

from hooktop.console.cli import errors, output
from hooktop.console.cli.common import Opened, say
from hooktop.console.model import Endpoint, ItemResult, Result, Verb
from hooktop.console.operations.actions import Confirm, Outcome, Plan, Progress, Target, make_plan, run

SKIPS_SHOWN = 5
COLUMNS = ("id", "result", "code", "status", "count", "detail")


def plan_for(
    opened: Opened,
    verb: Verb,
    targets: Sequence[Target],
    endpoints: Sequence[Endpoint],
    filter_text: str,
) -> Plan:
    """The plan of a command."""
    return make_plan(
        verb,
        targets,
        opened.provider,
        opened.now(),
        endpoints={endpoint.id: endpoint for endpoint in endpoints},
        safety=opened.context.safety,
        thresholds=opened.settings.thresholds,
        context=opened.context.name,
        filter_text=filter_text,
    )


def show_plan(plan: Plan, context: str) -> None:
    """The plan for people."""
    noun = "endpoint" if plan.verb.acts_on_endpoints else "message"
    plural = "" if len(plan.items) == 1 else "s"
    say(f"Plan: {plan.verb.value} {len(plan.items):,} {noun}{plural} on {context}")
    if plan.by_endpoint:
        say("  by       " + " · ".join(f"{name} {number:,}" for name, number in plan.by_endpoint[:8]))
    for reason, number in plan.skipped_by_reason[:SKIPS_SHOWN]:
        say(f"  skipped  {number:,}: {reason}")
    for sentence in plan.sentences:
        say(f"  {sentence}")
    for warning in plan.warnings:
        say(f"  ! {warning}")
    if plan.canary:
        say(f"  canary   the first {plan.canary}, then the rest only if they arrived")


def confirm(plan: Plan, yes: bool) -> None:
    """Ask as much as the plan wants; without a terminal ``--yes`` is the answer."""
    if yes or not plan.items or plan.confirm is Confirm.INLINE:
        return
    if not _at_keyboard():
        errors.stop(
            "nothing was sent: give --yes to go ahead without a terminal (or --dry-run to look)", errors.USAGE
        )
    if plan.confirm is Confirm.TYPED:
        typed = click.prompt(f"Type {plan.needs_typed} to start", err=True, default="", show_default=False)
        if typed.strip() != plan.needs_typed:
            errors.stop("nothing was sent", errors.FAILED)
    elif not click.confirm("Start?", err=True, default=False):
        errors.stop("nothing was sent", errors.FAILED)


def _at_keyboard() -> bool:
    return sys.stdin.isatty()


async def carry_out(
    opened: Opened,
    plan: Plan,
    *,
    rate: float | None,
    concurrency: int | None,
    reason: str,
    cancel: asyncio.Event,
) -> Outcome:
    """Run a plan with the limits of the configuration, telling how far it is."""
    limits = opened.settings.thresholds
    return await run(
        plan,
        opened.provider,
        rate=rate or limits.rate_per_s,
        concurrency=concurrency or limits.concurrency,
        on_progress=_progress if sys.stderr.isatty() and len(plan.items) > 1 else None,
        cancel=cancel,
        journal=opened.journal,
        reason=reason,
    )


def _progress(progress: Progress) -> None:
    end = "\n" if progress.phase == "done" else ""
    accepted = progress.counts.get(Result.ACCEPTED, 0)
    line = f"\r{progress.phase:<8} {progress.done:,}/{progress.total:,}  ok {accepted:,}"
    click.echo(f"{line:<60}{end}", nl=False, err=True)


def finish(outcome: Outcome, missing: Sequence[ItemResult], format_: str | None, interrupted: bool) -> None:
    """Print the results and leave with the code that says how it went."""
    names = {item.id: item.name for item in outcome.plan.items if isinstance(item, Endpoint)}
    results = [*outcome.results, *missing]
    output.emit_rows([_row(result, names) for result in results], format_, COLUMNS)
    counts = outcome.counts
    told = ", ".join(f"{number:,} {result.value}" for result, number in sorted(counts.items()))
    say(
        f"{told or 'nothing to do'} in {outcome.elapsed_s:.1f} s{f'; {outcome.stopped}' if outcome.stopped else ''}"
    )
    code = exit_code(outcome, missing, interrupted)
    if code:
        raise SystemExit(code)


def exit_code(outcome: Outcome, missing: Sequence[ItemResult], interrupted: bool) -> int:
    """0 all done, 3 partly, else what kept it from being done."""
    if interrupted:
        return errors.INTERRUPTED
    accepted = outcome.counts.get(Result.ACCEPTED, 0)
    whole = outcome.complete and not missing
    if not outcome.plan.items and not missing:
        return errors.OK if _as_wanted(outcome.plan) else errors.FAILED
    if whole:
        return errors.OK
    if accepted:
        return errors.PARTLY
    return errors.code_of(outcome.error) if outcome.error is not None else errors.FAILED


def _as_wanted(plan: Plan) -> bool:
    """Nothing was to be done because everything is as asked for, or nothing matches the filter."""
    if not plan.skipped:
        return True
    return plan.verb.acts_on_endpoints and all(
        s.reason in {"already paused", "not paused"} for s in plan.skipped
    )


def _row(result: ItemResult, names: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"id": result.id}
    if result.id in names:
        row["name"] = names[result.id]
    return row | {
        "result": result.result,
        "code": result.code or None,
        "status": result.status,
        "count": result.count,
        "detail": result.detail or None,
        "request_id": result.request_id or None,
    }
