"""From facts to findings to a report: which detectors run, what is allowed, who receives the report."""
