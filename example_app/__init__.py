"""A small application to watch: endpoints under `/anti-patterns` have a fault, their twins without it have none."""
