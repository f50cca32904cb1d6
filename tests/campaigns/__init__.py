"""Campaigns: many random trials of what must never happen, for as long as one likes.

``make campaign`` runs all of them for an hour; ``cd tests && python -m campaigns kills states --seconds 60 --seed 3``
runs two for a minute. `make test` makes the first few trials of each.

A campaign is a module in this folder that needs microtorch and what it depends on, nothing else, and has

- a docstring whose first line says what must never happen,
- ``SMALL``, the number of trials that `make test` makes: 5 seconds at most,
- ``campaign(seconds, seed)``, a generator that makes one trial after another and yields for each a pair: how it came
  out in a few words, which are counted (``"resumed bit for bit"``), and None, or where that is a fault one line that
  says what was tried and what happened, enough to repeat it. `seconds` says how long it is going to be asked for
  trials; whoever runs it stops asking, so it may go on for ever, and holds its folders and processes in ``with`` or
  ``try ... finally``. The same `seed` makes the same trials in the same order.

What a trial needs that is not there (another system, a user who may mount) is one pair ``("skipped: needs ...",
None)``, and the end. An exception that leaves a campaign is a fault.

Trials never depend on time: they count steps, and wait for events. They write to folders of `tempfile` only, and end
no process but those they started.
"""
