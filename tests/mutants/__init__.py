"""Mutation testing with cosmic-ray: `make mutants` changes `src/` in a copy, and asks whether any test notices."""
