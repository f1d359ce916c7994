"""The list of keys: one line for each thing a key does here, changes first, with the reason where it is greyed."""

from __future__ import annotations

from textual.binding import ActiveBinding

from hooktop.console.screens.base import ConsoleScreen
from hooktop.console.screens.menu import Item
from hooktop.console.widgets.keybar import key_name

_ORDER = ("change", "look", "messages", "message", "place", "app", "table", "viewer")


def help_items(screen: ConsoleScreen) -> list[Item]:
    """What ``?`` shows; the item's id is the key to press."""
    by_action: dict[str, list[ActiveBinding]] = {}
    for active in screen.active_bindings.values():
        if active.binding.description and active.binding.id:
            by_action.setdefault(active.binding.action, []).append(active)
    return [_item(screen, found) for found in sorted(by_action.values(), key=_rank)]


def _rank(found: list[ActiveBinding]) -> int:
    area = (found[0].binding.id or "").partition(".")[0]
    return _ORDER.index(area) if area in _ORDER else len(_ORDER)


def _item(screen: ConsoleScreen, found: list[ActiveBinding]) -> Item:
    binding = found[0].binding
    name, _, argument = binding.action.partition("(")
    why = "" if found[0].enabled else screen.reason(name, (argument.strip("')"),))
    keys = sorted((key_name(active.binding.key) for active in found), key=len)
    return Item(
        id=binding.key,
        key=" ".join(keys[:2]),
        label=binding.description,
        hint=binding.tooltip,
        reason=why,
    )
