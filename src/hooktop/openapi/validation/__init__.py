"""Judge requests and responses by an OpenAPI document.

Every schema is compiled twice, when it is first needed: as it is written, and in a strict form in which a
field that no schema declares is an error. A body that the strict form accepts is clean, which costs a few
microseconds; only a body that it refuses is looked at again to say what is wrong and where.

Messages never quote a value: bodies hold signing secrets, and violations end in journals and logs.
"""

from hooktop.openapi.validation.judge import Judge
from hooktop.openapi.validation.violations import MISSING, Missing, Violation

__all__ = ["MISSING", "Judge", "Missing", "Violation"]
