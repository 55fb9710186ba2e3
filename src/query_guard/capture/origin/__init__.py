"""Where a statement comes from: its call site, its loader, its engine, what its text is about."""
