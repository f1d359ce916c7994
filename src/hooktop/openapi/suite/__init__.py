"""The behaviour suite: cases as data, an executor that plays them against any server, and honest verdicts.

The way of a run: `loading` reads cases, `catalogue` selects them, `runner` plays each on resources of its
own through `executor`, `verdicts` grades what came back, `reports` and `evidence` tell it.
"""
