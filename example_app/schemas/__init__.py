"""What the endpoints take and answer. No endpoint answers with a model: what is not named here stays inside."""
