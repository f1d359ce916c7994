"""Plans and their runs, under one name for screens and commands."""

from hooktop.console.operations.breaker import Breaker
from hooktop.console.operations.plan import Confirm, Plan, Skip, Target, command_for, make_plan
from hooktop.console.operations.run import Outcome, Progress, run

__all__ = [
    "Breaker",
    "Confirm",
    "Outcome",
    "Plan",
    "Progress",
    "Skip",
    "Target",
    "command_for",
    "make_plan",
    "run",
]
