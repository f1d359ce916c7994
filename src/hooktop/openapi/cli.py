"""`hooktop contract`: run the behaviour suite, list and show its cases, map its coverage, prove it.

Exit codes: 0 conformant, 1 contract failure, 2 usage or document error, 3 target unreachable or nothing
meaningful tested, 4 only flaky or inconclusive, 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import perf_counter
from typing import Any, TypeVar

import click

from hooktop.openapi.documents import DocumentError, load
from hooktop.openapi.suite.catalogue import APIS, as_data, link, select, suite_of
from hooktop.openapi.suite.coverage import Row, coverage, percentage, unused
from hooktop.openapi.suite.model import Case, Level, Suite
from hooktop.openapi.suite.opening import UsageError, Wish, opened
from hooktop.openapi.suite.proving import Proof, prove
from hooktop.openapi.suite.reports import data, junit, terminal
from hooktop.openapi.suite.runner import Target, run
from hooktop.openapi.suite.safety import Safety
from hooktop.openapi.suite.transport import Unreachable
from hooktop.openapi.suite.tree import CaseError
from hooktop.openapi.suite.verdicts import (
    EXIT_FAILURE,
    EXIT_INTERRUPTED,
    EXIT_NOTHING_TESTED,
    EXIT_USAGE,
    Result,
    exit_code,
)

F = TypeVar("F", bound=Callable[..., Any])
FORMATS = ("junit", "json")

api_option = click.option(
    "--api", type=click.Choice(APIS), required=True, help="Which API the target speaks."
)
api_argument = click.option("--api", type=click.Choice(APIS), help="Only this API; both when left out.")
only_option = click.option(
    "--only",
    multiple=True,
    metavar="GLOB",
    help="Only cases whose id matches, such as 'HB-EP-*'. Repeatable.",
)
level_option = click.option(
    "--level",
    "levels",
    multiple=True,
    type=click.Choice([level.value for level in Level]),
    help="Only cases of this level. Repeatable.",
)


def target_options(command: F) -> F:
    """The options that name a target."""
    for option in reversed(
        (
            api_option,
            click.option("--url", required=True, help="Address of the API."),
            click.option("--send-url", help="Address that takes messages, when it is another one."),
            click.option("--key-env", metavar="NAME", help="Environment variable that holds the API key."),
            click.option("--admin-token-env", metavar="NAME", help="Variable with the control API's token."),
            click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True),
            only_option,
            level_option,
        )
    ):
        command = option(command)
    return command


@click.group()
def contract() -> None:
    """Judge any server by the API's documents and documented behaviour."""


@contract.command("run")
@target_options
@click.option(
    "--safety",
    type=click.Choice([level.value for level in Safety]),
    help="What may be changed. Default: full on this machine, read-only anywhere else.",
)
@click.option("--confirm-target", metavar="HOST", help="Needed for --safety full off this machine.")
@click.option(
    "--clock",
    type=click.Choice(["auto", "virtual", "observed"]),
    default="auto",
    show_default=True,
    help="virtual: demand a control API. observed: use none; what needs a clock is inconclusive.",
)
@click.option("--profile", "profiles", multiple=True, help="Part of the API the target claims. Default: all.")
@click.option(
    "--report", "reports", multiple=True, metavar="FORMAT=FILE", help="junit=FILE or json=FILE. Repeatable."
)
def run_command(
    api: str,
    url: str,
    send_url: str | None,
    key_env: str | None,
    admin_token_env: str | None,
    workers: int,
    only: tuple[str, ...],
    levels: tuple[str, ...],
    safety: str | None,
    confirm_target: str | None,
    clock: str,
    profiles: tuple[str, ...],
    reports: tuple[str, ...],
) -> None:
    """Play the cases against a server and grade it."""
    wish = Wish(
        api=api,
        url=url,
        send_url=send_url,
        key_env=key_env,
        safety=Safety(safety) if safety else None,
        confirmed=confirm_target,
        clock=clock,
        profiles=frozenset(profiles),
        token_env=admin_token_env,
    )
    with failing_well():
        files = dict(_report(text) for text in reports)
        with opened(wish, os.environ) as target:
            cases = _selected(target.suite, only, levels)
            _run(target, cases, workers, files)


def _run(target: Target, cases: Sequence[Case], workers: int, files: dict[str, Path]) -> None:
    results, seconds, interrupted = _played(target, cases, workers)
    click.echo(
        terminal.render(target.suite, results, target.redactor, seconds=seconds, interrupted=interrupted)
    )
    for name in target.left:
        click.echo(f"left behind: {name} (run {target.run_id}); delete it by hand", err=True)
    for form, path in files.items():
        path.write_text(_rendered(form, target, results, seconds, interrupted), encoding="utf-8")
    sys.exit(exit_code(results, interrupted=interrupted))


def _played(target: Target, cases: Sequence[Case], workers: int) -> tuple[list[Result], float, bool]:
    """The results so far, the time they took, and whether the user stopped the run."""
    finished: dict[str, Result] = {}
    stop, started, interrupted = Event(), perf_counter(), False

    def note(result: Result) -> None:
        finished[result.case.id] = result
        _progress(len(finished), len(cases))

    try:
        run(target, cases, workers=workers, on_result=note, stop=stop)
    except KeyboardInterrupt:
        stop.set()
        interrupted = True
    _progress(0, 0)
    return [finished[case.id] for case in cases if case.id in finished], perf_counter() - started, interrupted


def _progress(done: int, total: int) -> None:
    """A line on a terminal's stderr that goes away; nothing anywhere else."""
    if sys.stderr.isatty():
        click.echo(f"\r{done}/{total} cases" if total else "\r\x1b[K", nl=False, err=True)


def _rendered(form: str, target: Target, results: Sequence[Result], seconds: float, interrupted: bool) -> str:
    if form == "junit":
        return junit.render(target.suite, results, target.redactor, seconds=seconds)
    return data.render(
        target.suite,
        results,
        target.redactor,
        seconds=seconds,
        run_id=target.run_id,
        interrupted=interrupted,
    )


@contract.command("list")
@api_argument
@only_option
@level_option
@click.option("-o", "--output", type=click.Choice(["table", "json"]), help="Default: json when piped.")
def list_command(api: str | None, only: tuple[str, ...], levels: tuple[str, ...], output: str | None) -> None:
    """List the cases."""
    with failing_well():
        suites = [suite_of(name) for name in ([api] if api else APIS)]
        found = [
            (suite, case) for suite in suites for case in _selected(suite, only, levels, strict=bool(api))
        ]
    if (output or ("table" if sys.stdout.isatty() else "json")) == "json":
        click.echo(json.dumps([as_data(suite, case) for suite, case in found], ensure_ascii=False, indent=1))
        return
    width = max((len(case.id) for _, case in found), default=0)
    for _, case in found:
        click.echo(f"{case.id:<{width}}  {case.level:<6}  {case.title}")
    click.echo(f"{len(found)} cases", err=True)


@contract.command("show")
@click.argument("case_id", metavar="ID")
def show_command(case_id: str) -> None:
    """Show one case: its requirement, where it comes from, what it does."""
    with failing_well():
        found = [(suite, case) for suite in map(suite_of, APIS) for case in select(suite.cases, [case_id])]
        if not found:
            raise UsageError(f"no case is called {case_id}; see hooktop contract list")
    for suite, case in found:
        click.echo(click.style(case.id, bold=True) + f"  {case.level}  {case.title}")
        click.echo(f"  {case.requirement}")
        for source in case.sources:
            click.echo(f"  source   {link(suite, source)}")
        needs = ", ".join(sorted(case.needs)) or "nothing but the API"
        click.echo(f"  needs    {needs}\n  since    {case.since}\n  file     {case.position}")
        click.echo("  calls    " + ", ".join(call.operation for call in case.calls))


@contract.command("coverage")
@api_argument
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), default=0.0, help="Exit 1 below this percentage."
)
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--holes", is_flag=True, help="Only what has neither a case nor a waiver.")
def coverage_command(api: str | None, fail_under: float, output: str, holes: bool) -> None:
    """Map every documented and printed answer to the cases that ask for it."""
    with failing_well():
        mapped = {name: coverage(suite_of(name), load(name)) for name in ([api] if api else APIS)}
    if output == "json":
        table = [{"api": name, **_row(row)} for name, rows in mapped.items() for row in rows]
        click.echo(
            json.dumps([row for row in table if row["hole"] or not holes], ensure_ascii=False, indent=1)
        )
    else:
        for name, rows in mapped.items():
            click.echo("\n".join(_coverage_lines(name, [row for row in rows if row.is_hole or not holes])))
            click.echo(f"{name}: {percentage(rows):.1f} % of {len(rows)} answers have a case or a waiver")
            for pair in suite_of(name).unreachable:
                names = f"{', '.join(pair.states)} x {', '.join(pair.actions)}"
                click.echo(f"  not played: {pair.machine} {names}: {pair.reason} ({pair.position})")
            for waiver in unused(suite_of(name), rows):
                click.echo(f"unused waiver: {waiver.operation} {waiver.status} ({waiver.position})", err=True)
    if min(percentage(rows) for rows in mapped.values()) < fail_under:
        sys.exit(EXIT_FAILURE)


def _row(row: Row) -> dict[str, Any]:
    return {
        "operation": row.operation,
        "status": row.status,
        "code": row.code,
        "page": row.page,
        "cases": list(row.cases),
        "waiver": row.waiver,
        "choice": row.is_choice,
        "hole": row.is_hole,
    }


def _coverage_lines(api: str, rows: Sequence[Row]) -> Iterator[str]:
    heading = ""
    for row in rows:
        title = f"page {row.page}" if row.page else row.operation
        if title != heading:
            heading = title
            yield click.style(f"{api} {title}", bold=True)
        answer = f"  {row.status:<4} {row.code or ''}".ljust(44)
        if row.cases:
            more = f" and {len(row.cases) - 3} more" if len(row.cases) > 3 else ""
            choice = click.style(" (or another documented answer)", dim=True) if row.is_choice else ""
            yield f"{answer} {', '.join(row.cases[:3])}{more}{choice}"
        elif row.waiver:
            yield f"{answer} {click.style('waived: ' + row.waiver, dim=True)}"
        else:
            yield f"{answer} {click.style('HOLE', fg='red', bold=True)}"


@contract.command("prove")
@target_options
def prove_command(
    api: str,
    url: str,
    send_url: str | None,
    key_env: str | None,
    admin_token_env: str | None,
    workers: int,
    only: tuple[str, ...],
    levels: tuple[str, ...],
) -> None:
    """Seed a fault for everything a case asserts and show that the case fails each time."""
    wish = Wish(
        api=api, url=url, send_url=send_url, key_env=key_env, clock="virtual", token_env=admin_token_env
    )
    with failing_well(), opened(wish, os.environ) as target:
        cases = _selected(target.suite, only, levels)
        proofs = prove(target, cases, workers=workers)
        click.echo("\n".join(_proof_lines(proofs)))
        sys.exit(0 if all(proof.is_proven for proof in proofs) else EXIT_FAILURE)


def _proof_lines(proofs: Sequence[Proof]) -> Iterator[str]:
    killed, alive = sum(proof.killed for proof in proofs), sum(len(proof.survived) for proof in proofs)
    proven = sum(proof.is_proven for proof in proofs)
    yield f"{proven} of {len(proofs)} cases proven: {killed} faults noticed, {alive} not"
    for proof in proofs:
        if proof.obstacle:
            yield f"  {proof.case.id}: {proof.obstacle}"
        for label in proof.survived:
            yield f"  {proof.case.id}: still passes with {label}"
        if not proof.obstacle and not proof.survived and not proof.killed:
            yield f"  {proof.case.id}: asserts nothing that a fault could break"


# --- what the commands share ---------------------------------------------------


def _selected(suite: Suite, only: Sequence[str], levels: Sequence[str], *, strict: bool = True) -> list[Case]:
    cases = select(suite.cases, only, [Level(level) for level in levels])
    if not cases and strict:
        raise UsageError(
            f"no case matches --only {' '.join(only)}; see hooktop contract list --api {suite.api}"
        )
    return cases


def _report(text: str) -> tuple[str, Path]:
    form, _, file = text.partition("=")
    if form not in FORMATS or not file:
        raise UsageError(f"--report {text!r} must be FORMAT=FILE with a format of {', '.join(FORMATS)}")
    path = Path(file)
    if not path.parent.is_dir():
        raise UsageError(f"--report {text!r}: the folder {path.parent} does not exist")
    return form, path


@contextmanager
def failing_well() -> Iterator[None]:
    """Turn what can go wrong into one line on stderr and the exit code that belongs to it."""
    try:
        yield
    except (UsageError, CaseError, DocumentError, OSError) as error:
        click.echo(f"hooktop contract: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except Unreachable as error:
        click.echo(f"hooktop contract: the target is unreachable: {error}", err=True)
        sys.exit(EXIT_NOTHING_TESTED)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
