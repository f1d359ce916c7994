"""What Triage says in words about one group, and what can be done about it; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from textwrap import wrap

from hooktop.console.model import Endpoint, EndpointState
from hooktop.console.screens.cells import error_words, trouble_word
from hooktop.console.stores.triage import Failure, Trouble
from hooktop.console.widgets.bars import Part
from hooktop.console.widgets.text import ago, at, inert, plural, span, until


def headline(failures: Sequence[Failure], complete: bool, endpoints: int) -> list[Part]:
    """How bad it is, in one line; ``endpoints`` is how many there are in all."""
    paused = {f.endpoint_id for f in failures if f.state is EndpointState.PAUSED}
    failing = {f.endpoint_id for f in failures if f.trouble is Trouble.FAILING} - paused
    dead = sum(f.count for f in failures if f.trouble is Trouble.DEAD)
    owed = {f.endpoint_id: f.backlog for f in failures}
    expiring = sum(f.expiring for f in failures)
    parts = [Part("  ")]
    for count, text, tone in (
        (len(failing), plural(len(failing), "endpoint") + " failing", "warn"),
        (len(paused), plural(len(paused), "endpoint") + " paused", "held"),
        (dead, f"{dead:,} dead", "bad"),
        (sum(owed.values()), f"{sum(owed.values()):,} waiting behind them", "text"),
        (expiring, f"{plural(expiring, 'payload')} about to expire", "warn"),
    ):
        if count:
            parts += [Part(text, tone), Part("   ", "muted")]
    fine = endpoints - len({failure.endpoint_id for failure in failures})
    if complete and fine > 0:
        parts.append(Part(f"✓ {fine} fine", "good"))
    if not complete:
        parts.append(Part("still reading older messages …", "muted"))
    return parts


def advice_lines(failure: Failure, endpoint: Endpoint | None, now: datetime, width: int) -> list[list[Part]]:
    """The group under the cursor: what happens there, what is at stake, which keys help."""
    word = trouble_word(failure)
    url = inert(endpoint.url, max(10, width - 40)) if endpoint else "endpoint unknown"
    lines = [
        [Part("─" * width, "rule")],
        [
            Part(f"  {word.text}  ", word.tone),
            Part(failure.endpoint_name, "bright"),
            Part(f"  {url}", "muted"),
        ],
    ]
    for sentence in _sentences(failure, now):
        lines += [[Part("  " + line, "text")] for line in wrap(sentence, max(30, width - 4))]
    return [*lines, _keys(failure), []]


def _sentences(failure: Failure, now: datetime) -> Iterator[str]:
    answer = f"answers {failure.code}" if failure.code is not None else "gives no answer"
    words = error_words(failure)
    error = f" ({words})" if words else ""
    since = f"since {at(failure.first, now)}, {ago(failure.first, now)} ago" if failure.first else ""
    match failure.trouble:
        case Trouble.FAILING:
            told = f"It {answer}{error} {since}: {plural(failure.count, 'message')} failing"
            yield inert(f"{told}{_retry(failure, now)}.")
        case Trouble.DEAD:
            yield inert(
                f"{plural(failure.count, 'message')} given up {since}: the receiver {answer}{error}. "
                "Nothing retries them; only a replay brings them back."
            )
        case Trouble.PAUSED:
            if failure.refuses:
                yield (
                    "It is paused, and that means REFUSED at the door here: what arrives now is not kept, "
                    "its producer must send it again after the resume."
                )
            else:
                yield "Nothing fails here because nothing is sent: somebody paused it and it was not resumed."
    if failure.state is EndpointState.PAUSED and failure.trouble is not Trouble.PAUSED:
        yield "The endpoint is paused."
    if failure.held:
        oldest = f", the oldest for {span(failure.oldest.total_seconds())}" if failure.oldest else ""
        yield f"{plural(failure.held, 'message')} held{oldest}."
    if failure.expiring:
        yield f"{plural(failure.expiring, 'payload')} gone already or within 6 hours: no replay after that."


def _retry(failure: Failure, now: datetime) -> str:
    if failure.next_retry is None or failure.state is EndpointState.PAUSED:
        return ""
    left = until(failure.next_retry, now)
    return "; the next retry is due now" if left == "due" else f"; the next retry is due in {left}"


def _keys(failure: Failure) -> list[Part]:
    keys = [("enter", "messages", "")]
    if failure.state is EndpointState.PAUSED:
        keys.append(("U", "resume it", "screen.change('resume')"))
    elif failure.trouble is Trouble.FAILING:
        keys.append(("P", "pause it", "screen.change('pause')"))
    if failure.trouble is Trouble.DEAD:
        keys.append(("Y", "replay the group", "screen.change('replay')"))
    elif failure.trouble is Trouble.FAILING:
        keys.append(("T", "retry the group now", "screen.change('retry-now')"))
    keys.append(("b", "its books", "screen.books"))
    parts = [Part(" ")]
    for key, told, action in keys:
        parts += [Part(f" {key}", "key", action), Part(f" {told}  ", "muted", action)]
    return parts
