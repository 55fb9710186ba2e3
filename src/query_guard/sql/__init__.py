"""SQL text becomes the shape that it shares with its siblings: tokens, shape, fingerprint. Standard library only."""
