"""The methods of SQLAlchemy that are wrapped, and the rows that their calls append."""
