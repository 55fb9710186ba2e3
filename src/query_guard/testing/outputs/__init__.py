"""A run of tests written for others: SARIF, Markdown, annotations of a pull request."""
