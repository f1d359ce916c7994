"""The last line: the few keys that make sense now, greyed when they cannot be used."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.screen import Screen

from hooktop.console.widgets.bars import Lines, Part, width_of

_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "space": "space",
    "enter": "enter",
    "asterisk": "*",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "minus": "-",
    "tab": "tab",
    "colon": ":",
}


def key_name(key: str) -> str:
    """A key as people write it."""
    return _NAMES.get(key, key.replace("ctrl+", "^"))


class KeyBar(Lines):
    """Shows the shown bindings of the screen; a click runs one."""

    def __init__(self) -> None:
        super().__init__(id="keys")

    def on_mount(self) -> None:
        """Follow the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self._update(self.screen)

    def on_resize(self) -> None:
        """Another width shows more or fewer keys."""
        self._update(self.screen)

    def _update(self, screen: Screen[object]) -> None:
        self.show(key_parts(_offered(screen), self.size.width))


def _offered(screen: Screen[object]) -> Iterable[tuple[Binding, bool]]:
    seen: set[str] = set()
    for _, binding, enabled, _tooltip in screen.active_bindings.values():
        if binding.show and binding.description and binding.action not in seen:
            seen.add(binding.action)
            yield binding, enabled


def key_parts(offered: Iterable[tuple[Binding, bool]], width: int) -> list[Part]:
    """As many keys as fit; the key for help is always among them."""
    help_parts = [Part(" ?", "key", "app.help"), Part(" keys ", "muted", "app.help")]
    parts: list[Part] = []
    for binding, enabled in offered:
        if binding.key == "question_mark":
            continue
        action = f"screen.key('{binding.key}')"
        extra = [
            Part(f" {key_name(binding.key)}", "key" if enabled else "rule", action),
            Part(f" {binding.description} ", "text" if enabled else "rule", action),
        ]
        if width_of([*parts, *extra, *help_parts]) > width:
            break
        parts += extra
    return [*parts, *help_parts]
