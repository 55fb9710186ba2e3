"""From facts to findings to a report: which detectors run, what is allowed, and which reporters receive the report."""
