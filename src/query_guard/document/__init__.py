"""The one description of a report: as data that JSON can carry, and as one sentence that people can read."""
