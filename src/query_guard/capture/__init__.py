"""Capture: SQLAlchemy's executions, checkouts and transactions become rows. The only wing that imports sqlalchemy."""
