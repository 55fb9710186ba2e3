"""What is wrapped in SQLAlchemy, and what each wrapped call notes."""
