"""A small social shop that shows good data access, and under `/anti-patterns` the faults that QueryGuard finds."""
