"""Make facts of rows, once the work is done."""
