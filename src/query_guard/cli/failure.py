"""What ends a command with exit code 2."""


class Failure(Exception):
    """A command cannot do what it should; the message says in one sentence what was expected, what came, what to do."""
