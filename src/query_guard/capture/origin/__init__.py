"""Where a statement comes from: its call site, its loader, its engine, and what the mappings say of it."""
