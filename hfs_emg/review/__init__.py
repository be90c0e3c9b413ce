"""Review: what readers say of the episodes that were found. Verdicts are only ever added; a view of them is worked out anew each time."""
