"""The configuration file: YAML with contexts, thresholds, theme and keymap, read with line numbers.

Unknown keys are ignored with a warning; a value that cannot be used stops with file, line and field.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from hooktop.console.settings.contexts import Context, Lab, Safety, Settings, Thresholds
from hooktop.console.settings.keys import KeySource, SettingsError

PROVIDERS = ("hookbridge", "convoy")

_TOP = ("contexts", "current", "thresholds", "theme", "keymap")
_CONTEXT = (
    "provider",
    "url",
    "send_url",
    "project",
    "key",
    "safety",
    "read_only",
    "lab",
    "budget_per_minute",
    "accent",
)


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The configuration file: ``HOOKTOP_CONFIG``, or ``config.yaml`` in the platform's config folder."""
    if environ.get("HOOKTOP_CONFIG"):
        return Path(environ["HOOKTOP_CONFIG"]).expanduser()
    from platformdirs import user_config_dir

    return Path(user_config_dir("hooktop", appauthor=False)) / "config.yaml"


def state_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the journal and other state: ``HOOKTOP_STATE``, or the platform's state folder."""
    if environ.get("HOOKTOP_STATE"):
        return Path(environ["HOOKTOP_STATE"]).expanduser()
    from platformdirs import user_state_dir

    return Path(user_state_dir("hooktop", appauthor=False))


def load(path: Path | None = None) -> Settings:
    """Read the configuration; a missing file is an empty one. Raises ``SettingsError``."""
    file = path or config_path()
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings(path=file)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from None
    return parse(text, file)


def parse(text: str, file: Path) -> Settings:
    """Settings from the text of a configuration file. Raises ``SettingsError``."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SettingsError(f"{file}:{line}: this is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"{file}: this is not YAML: {error}") from None
    if node is None:
        return Settings(path=file)
    return _Reader(file).settings(node)


class _Reader:
    """Turns YAML nodes into settings, remembering lines for messages."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.warnings: list[str] = []

    def fail(self, node: yaml.Node, where: str, why: str) -> SettingsError:
        return SettingsError(f"{self.file}:{node.start_mark.line + 1}: {where}: {why}")

    def mapping(self, node: yaml.Node, where: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, where, "must be a mapping of names to values")
        for key, value in node.value:
            yield str(key.value), key, value

    def known(self, node: yaml.Node, where: str, names: tuple[str, ...]) -> dict[str, yaml.Node]:
        """The entries with a known name; the others are reported and left out."""
        found = {}
        for name, key, value in self.mapping(node, where):
            if name in names:
                found[name] = value
            else:
                at = f"{self.file}:{key.start_mark.line + 1}"
                self.warnings.append(
                    f"{at}: {where}: unknown key {name!r} is ignored (known: {', '.join(names)})"
                )
        return found

    def text(self, node: yaml.Node, where: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
            raise self.fail(node, where, "must be text")
        return str(node.value)

    def number(self, node: yaml.Node, where: str, *, whole: bool = True) -> float:
        try:
            value = float(self.text(node, where))
        except ValueError:
            raise self.fail(node, where, f"must be a number, not {node.value!r}") from None
        if value < 0 or (whole and value != int(value)):
            raise self.fail(node, where, f"must be a {'whole ' if whole else ''}number of at least 0")
        return value

    def flag(self, node: yaml.Node, where: str) -> bool:
        if node.tag != "tag:yaml.org,2002:bool":
            raise self.fail(node, where, "must be true or false")
        return bool(yaml.SafeLoader.bool_values[str(node.value).lower()])

    def url(self, node: yaml.Node, where: str) -> str:
        value = self.text(node, where)
        if not value.startswith(("http://", "https://")):
            raise self.fail(node, where, f"must be a URL that starts with https:// or http://, not {value!r}")
        return value.rstrip("/")

    def settings(self, node: yaml.Node) -> Settings:
        top = self.known(node, "the file", _TOP)
        contexts = tuple(
            self.context(name, value)
            for name, _, value in (self.mapping(top["contexts"], "contexts") if "contexts" in top else ())
        )
        current = self.text(top["current"], "current") if "current" in top else ""
        if current and current not in {context.name for context in contexts}:
            raise self.fail(top["current"], "current", f"no context is called {current!r}")
        return Settings(
            contexts=contexts,
            current=current,
            thresholds=self.thresholds(top["thresholds"]) if "thresholds" in top else Thresholds(),
            theme=self.text(top["theme"], "theme") if "theme" in top else "",
            keymap={
                name: self.text(v, f"keymap.{name}") for name, _, v in self.mapping(top["keymap"], "keymap")
            }
            if "keymap" in top
            else {},
            path=self.file,
            warnings=tuple(self.warnings),
        )

    def context(self, name: str, node: yaml.Node) -> Context:
        where = f"contexts.{name}"
        found = self.known(node, where, tuple(_CONTEXT))
        for needed in ("provider", "url", "key"):
            if needed not in found:
                raise self.fail(node, where, f"{needed!r} is missing")
        extra: dict[str, Any] = {}
        for text_field in ("project", "accent"):
            if text_field in found:
                extra[text_field] = self.text(found[text_field], f"{where}.{text_field}")
        if "send_url" in found:
            extra["send_url"] = self.url(found["send_url"], f"{where}.send_url")
        if "safety" in found:
            extra["safety"] = Safety(self.one_of(found["safety"], f"{where}.safety", tuple(Safety)))
        if "read_only" in found:
            extra["read_only"] = self.flag(found["read_only"], f"{where}.read_only")
        if "budget_per_minute" in found:
            extra["budget_per_minute"] = max(
                1, int(self.number(found["budget_per_minute"], f"{where}.budget_per_minute"))
            )
        if "lab" in found:
            extra["lab"] = self.lab(found["lab"], f"{where}.lab")
        return Context(
            name=name,
            provider=self.one_of(found["provider"], f"{where}.provider", PROVIDERS),
            url=self.url(found["url"], f"{where}.url"),
            key=self.key(found["key"], f"{where}.key"),
            **extra,
        )

    def one_of(self, node: yaml.Node, where: str, allowed: tuple[str, ...]) -> str:
        value = self.text(node, where)
        if value not in allowed:
            raise self.fail(node, where, f"must be one of {', '.join(allowed)}, not {value!r}")
        return value

    def key(self, node: yaml.Node, where: str) -> KeySource:
        if isinstance(node, yaml.ScalarNode):
            raise self.fail(
                node, where, "a key does not belong in this file: write `key: {env: NAME}` instead"
            )
        found = self.known(node, where, ("env", "command", "keyring"))
        if len(found) != 1:
            raise self.fail(node, where, "needs exactly one of env, command, keyring")
        name, value = next(iter(found.items()))
        text = self.text(value, f"{where}.{name}")
        if name == "env":
            return KeySource(env=text)
        return KeySource(command=text) if name == "command" else KeySource(keyring=text)

    def lab(self, node: yaml.Node, where: str) -> Lab:
        found = self.known(node, where, ("url", "project_id", "admin"))
        for needed in ("url", "project_id"):
            if needed not in found:
                raise self.fail(node, where, f"{needed!r} is missing")
        return Lab(
            url=self.url(found["url"], f"{where}.url"),
            project_id=self.text(found["project_id"], f"{where}.project_id"),
            admin=self.key(found["admin"], f"{where}.admin") if "admin" in found else None,
        )

    def thresholds(self, node: yaml.Node) -> Thresholds:
        names = tuple(item.name for item in fields(Thresholds))
        values: dict[str, Any] = {}
        for name, value in self.known(node, "thresholds", names).items():
            whole = name != "rate_per_s"
            number = self.number(value, f"thresholds.{name}", whole=whole)
            values[name] = int(number) if whole else number
        return Thresholds(**values)


def save(settings: Settings, path: Path | None = None) -> Path:
    """Write the configuration atomically, readable by the owner only; keys held in memory stay out of it."""
    file = path or settings.path or config_path()
    file.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(as_document(settings), sort_keys=False, allow_unicode=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, file)
    return file


def as_document(settings: Settings) -> dict[str, Any]:
    """What the file says, without anything that is only a default."""
    document: dict[str, Any] = {}
    if settings.current:
        document["current"] = settings.current
    document["contexts"] = {
        context.name: _context_document(context)
        for context in settings.contexts
        if context.key.memory is None
    }
    changed = {
        item.name: getattr(settings.thresholds, item.name)
        for item in fields(Thresholds)
        if getattr(settings.thresholds, item.name) != item.default
    }
    if changed:
        document["thresholds"] = changed
    if settings.theme:
        document["theme"] = settings.theme
    if settings.keymap:
        document["keymap"] = dict(settings.keymap)
    return document


def _context_document(context: Context) -> dict[str, Any]:
    document: dict[str, Any] = {
        "provider": context.provider,
        "url": context.url,
        "key": _key_document(context.key),
    }
    for name in ("send_url", "project", "accent"):
        if getattr(context, name):
            document[name] = getattr(context, name)
    if context.safety is not Safety.NORMAL:
        document["safety"] = context.safety.value
    if context.read_only:
        document["read_only"] = True
    if context.budget_per_minute != Context.__dataclass_fields__["budget_per_minute"].default:
        document["budget_per_minute"] = context.budget_per_minute
    if context.lab is not None:
        document["lab"] = {"url": context.lab.url, "project_id": context.lab.project_id}
        if context.lab.admin is not None and context.lab.admin.memory is None:
            document["lab"]["admin"] = _key_document(context.lab.admin)
    return document


def _key_document(source: KeySource) -> dict[str, str]:
    if source.env:
        return {"env": source.env}
    return {"command": source.command} if source.command else {"keyring": source.keyring}
