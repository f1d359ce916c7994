"""Bulk actions of this console since it started, and what became of every item of the chosen one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from hooktop.console.model import ItemResult, Result
from hooktop.console.screens.base import ConsoleScreen
from hooktop.console.screens.cells import RESULT_COLUMNS, result_cell
from hooktop.console.screens.job import Job
from hooktop.console.widgets.bars import Lines, Part
from hooktop.console.widgets.columns import Cell, Column
from hooktop.console.widgets.plantext import RESULT_TONES, title
from hooktop.console.widgets.rows import ListRows
from hooktop.console.widgets.table import Table

JOB_COLUMNS = (
    Column(key="number", title="#", width=3, right=True),
    Column(key="what", title="JOB", width=26, flex=2),
    Column(key="context", title="CONTEXT", width=10, rank=2),
    Column(key="state", title="STATE", width=12, flex=1),
    Column(key="accepted", title="ACCEPTED", width=8, right=True),
    Column(key="rejected", title="REJECTED", width=8, right=True),
    Column(key="skipped", title="SKIPPED", width=7, right=True, rank=1),
    Column(key="cancelled", title="CANCELLED", width=9, right=True, rank=1),
    Column(key="unknown", title="UNKNOWN", width=7, right=True),
)


class JobsScreen(ConsoleScreen):
    """Jobs."""

    place: ClassVar[str] = "jobs"

    def body(self) -> Iterable[Widget]:
        """Jobs above, results of the one under the cursor below."""
        yield Lines([[Part("  "), Part("Jobs of this session", "title")]], id="heading")
        yield Table(JOB_COLUMNS, id="jobs", markable=False)
        yield Lines([[Part("")]], id="results-title")
        yield Table(RESULT_COLUMNS, id="results", markable=False)

    def draw(self) -> None:
        """Show the newest job first."""
        jobs = tuple(reversed(self.desk.jobs))
        table = self.query_one("#jobs", Table)
        table.rows = ListRows(jobs, lambda job: str(job.number), job_cell)
        table.empty = (Cell("No job yet.", "bright"), Cell("P U T Y on other screens start one", "muted"))
        table.styles.height = max(4, min(len(jobs) + 1, self.size.height // 3))
        table.reload()
        self._draw_results()

    def _draw_results(self) -> None:
        table, job = self.query_one("#results", Table), self.current
        results: Sequence[ItemResult] = () if job is None else worst_first(job.results)
        table.rows = ListRows(results, lambda result: result.id, result_cell)
        table.empty = (Cell("" if job is None else "nothing sent yet", "muted"),)
        table.reload()
        told = [] if job is None else [Part(f"  Results of #{job.number}, trouble first", "title")]
        if job is not None and (job.failed or (job.outcome and job.outcome.stopped)):
            told.append(Part(f"   {job.failed or (job.outcome.stopped if job.outcome else '')}", "warn"))
        self.query_one("#results-title", Lines).show(told)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another job is under the cursor."""
        if event.table.id == "jobs":
            self._draw_results()

    @property
    def current(self) -> Job | None:
        """The job under the cursor."""
        rows = self.query_one("#jobs", Table).rows
        return rows.get(self.query_one("#jobs", Table).current) if isinstance(rows, ListRows) else None

    def copies(self) -> Sequence[tuple[str, str, str]]:
        """What can be copied of a job."""
        job = self.current
        if job is None:
            return ()
        table = "\n".join(
            f"{r.id}\t{r.result.value}\t{r.code}\t{r.detail}\t{r.request_id}" for r in job.results
        )
        return [("c", "as command", job.plan.command), ("r", "results as table", table)]


_ORDER = {Result.UNKNOWN: 0, Result.REJECTED: 1, Result.CANCELLED: 2, Result.SKIPPED: 3, Result.ACCEPTED: 4}


def worst_first(results: Sequence[ItemResult]) -> list[ItemResult]:
    """What needs a look comes first."""
    return sorted(results, key=lambda result: _ORDER[result.result])


def job_cell(job: Job, column: str) -> Cell:
    """One cell of a job."""
    match column:
        case "number":
            return Cell(str(job.number), "muted")
        case "what":
            return Cell(title(job.plan), "bright")
        case "context":
            return Cell(job.context)
        case "state":
            return _state(job)
        case _:
            result = Result(column)
            count = sum(item.result is result for item in job.results)
            return Cell(f"{count:,}" if count else "·", RESULT_TONES[result] if count else "muted")


def _state(job: Job) -> Cell:
    if job.failed:
        return Cell("✗ not started", "bad")
    if job.outcome is None:
        done = job.progress.done if job.progress else 0
        return Cell(f"» {done:,} of {len(job.plan.items):,}", "busy")
    return Cell("‖ stopped", "warn") if job.outcome.stopped else Cell("✓ done", "good")
