"""What the guard costs, beside the same application bare and beside the least that any guard could cost (the floor)."""
