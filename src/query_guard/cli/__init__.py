"""The command line: what `python -m query_guard` does. Nothing of it imports SQLAlchemy or Starlette."""
