"""Pairs of endpoints: the anti-pattern first, its fixed twin below."""
