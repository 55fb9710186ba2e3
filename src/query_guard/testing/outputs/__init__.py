"""A run of tests in other formats: SARIF, Markdown, annotations of a pull request."""
