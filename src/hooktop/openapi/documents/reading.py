"""Read a document from its file, once per process.

Parsing YAML is the slow part of a start, so the parsed document is kept as JSON in the platform's cache
folder (``HOOKTOP_CACHE_DIR`` overrides it). The file name carries the hash of the content and hooktop's
version: a changed document or program never reads a stale entry. A cache that is damaged or cannot be
written is ignored.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

from platformdirs import user_cache_dir

from hooktop import __version__
from hooktop.openapi.documents.model import Document, DocumentError

BUNDLED: Final = ("hookbridge", "convoy", "mock")
"""The documents that travel with hooktop."""

_FOLDER: Final = Path(__file__).parent.parent

_loaded: dict[Path, Document] = {}
_lock = Lock()


def load(name_or_path: str | Path) -> Document:
    """The document with a bundled name, or at a path; parsed once per process. Raises DocumentError."""
    bundled = name_or_path in BUNDLED
    path = _FOLDER / f"{name_or_path}.yaml" if bundled else Path(name_or_path).resolve()
    with _lock:
        if path not in _loaded:
            _loaded[path] = Document(_read(path), name=path.stem, path=path)
        return _loaded[path]


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
    entry = _cache_entry(path, content)
    cached = _from_cache(entry)
    if cached is not None:
        return cached
    text = json.dumps(_parse(path, content), ensure_ascii=False)
    _to_cache(entry, text)
    # Through JSON once: the first start sees exactly what later ones read from the cache.
    parsed: Mapping[str, Any] = json.loads(text)
    return parsed


def _cache_entry(path: Path, content: bytes) -> Path:
    folder = os.environ.get("HOOKTOP_CACHE_DIR") or user_cache_dir("hooktop")
    digest = hashlib.sha256(content).hexdigest()[:24]
    return Path(folder) / f"openapi-{path.stem}-{digest}-{__version__}.json"


def _from_cache(entry: Path) -> Mapping[str, Any] | None:
    try:
        value = json.loads(entry.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and "paths" in value else None


def _to_cache(entry: Path, text: str) -> None:
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=entry.parent, prefix=f".{entry.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, entry)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise


def _parse(path: Path, content: bytes) -> Mapping[str, Any]:
    import yaml  # not at the top: a start from the cache does not need it

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc] # the base is chosen at run time
        """YAML as JSON knows it: a date stays the text that it is on the wire."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    try:
        value = yaml.load(content, Loader)  # a safe loader, without dates
    except yaml.YAMLError as error:
        raise DocumentError(f"{path}: no valid YAML: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("paths"), dict):
        raise DocumentError(f"{path}: no OpenAPI document: it has no 'paths'")
    return value
