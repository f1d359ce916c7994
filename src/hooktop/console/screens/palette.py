"""The command palette: every key of the screen, every place, context and endpoint, found by typing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from hooktop.console.screens.base import ConsoleScreen, ShowMessages
from hooktop.console.screens.contexts import UseContext
from hooktop.console.screens.endpoints import endpoint_filter
from hooktop.console.widgets.header import PLACES
from hooktop.console.widgets.keybar import key_name
from hooktop.console.widgets.text import inert


class _Command(NamedTuple):
    name: str
    help: str
    run: Callable[[], Any]


class ConsoleCommands(Provider):
    """What can be done here."""

    async def discover(self) -> Hits:
        """Everything, before anything was typed."""
        for command in self._commands():
            yield DiscoveryHit(
                Content(command.name), command.run, text=command.name, help=escape(command.help)
            )

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = matcher.match(command.name)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(command.name),
                    command.run,
                    text=command.name,
                    help=escape(command.help),
                )

    def _commands(self) -> Iterator[_Command]:
        screen = self.screen
        if isinstance(screen, ConsoleScreen):
            yield from _keys(screen)
            yield from _places(self.app)
            yield from _contexts(screen)
            yield from _endpoints(screen)


def _keys(screen: ConsoleScreen) -> Iterator[_Command]:
    seen: set[str] = set()
    for _, binding, enabled, _tip in screen.active_bindings.values():
        if binding.description and enabled and binding.action not in seen and not binding.system:
            seen.add(binding.action)
            run = partial(screen.app.simulate_key, binding.key)
            yield _Command(binding.description, f"{key_name(binding.key)}  {binding.tooltip}".strip(), run)


def _places(app: App[object]) -> Iterator[_Command]:
    for at, (name, title) in enumerate(PLACES, start=1):
        yield _Command(f"Go to {title}", str(at), partial(app.run_action, f"app.place('{name}')"))


def _contexts(screen: ConsoleScreen) -> Iterator[_Command]:
    for context in screen.desk.settings.contexts:
        if context.name != screen.desk.session.context.name:
            run = partial(screen.post_message, UseContext(context))
            yield _Command(f"Open context {inert(context.name)}", inert(context.url), run)


def _endpoints(screen: ConsoleScreen) -> Iterator[_Command]:
    for endpoint in screen.desk.session.endpoints.all():
        run = partial(screen.post_message, ShowMessages(endpoint_filter(endpoint)))
        yield _Command(f"Messages of {inert(endpoint.name, 60)}", inert(endpoint.url, 80), run)
