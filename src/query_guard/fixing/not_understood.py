"""What is said of a place that is left as it is."""


class NotUnderstood(Exception):
    """An option cannot be put at a place; the message says why, as the end of a sentence."""
