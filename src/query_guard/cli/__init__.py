"""The command line: what `python -m query_guard` does. It imports neither SQLAlchemy nor Starlette."""
