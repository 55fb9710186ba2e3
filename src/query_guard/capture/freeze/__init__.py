"""Rows become facts once the work is done."""
