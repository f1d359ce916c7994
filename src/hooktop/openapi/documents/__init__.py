"""Load an OpenAPI document, resolve its references and find operations in it.

``DocumentError`` is the one exception: the file is missing, is no YAML, or lacks something that the rest
of hooktop relies on. Its text names the file and the place.
"""

from hooktop.openapi.documents.model import (
    Document,
    DocumentError,
    MediaType,
    Operation,
    Parameter,
    RequestBody,
    Response,
)
from hooktop.openapi.documents.reading import BUNDLED, load

__all__ = [
    "BUNDLED",
    "Document",
    "DocumentError",
    "MediaType",
    "Operation",
    "Parameter",
    "RequestBody",
    "Response",
    "load",
]
