"""The filter language, the same in screens, commands, plans and saved views.

``status:dead code:>=500 endpoint:billing-* age:<2h attempts:>3 -type:order.* "card declined"``

Terms are joined by and; values separated by commas by or; ``-`` in front negates. ``status`` takes our word or
the provider's own; ``code`` takes ``503``, ``5xx``, ``>=500``, ``500..504`` or ``none``; ``age`` and ``expires``
take durations (``90s 5m 2h 1d``); names take ``*`` and ``?``; quotes keep spaces; anything else is free text.
"""

from hooktop.console.stores.filter.complete import Candidate, complete
from hooktop.console.stores.filter.language import EVERYTHING, Filter, Subject, parse
from hooktop.console.stores.filter.syntax import FilterError

__all__ = ["EVERYTHING", "Candidate", "Filter", "FilterError", "Subject", "complete", "parse"]
