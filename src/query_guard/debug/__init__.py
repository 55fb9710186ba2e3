"""The debug endpoint: recent reports as JSON and as text, for those who have the key."""

DEFAULT_PATH = "/__query_guard__"
