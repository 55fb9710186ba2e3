"""Loader options put into source files, formatted as the files are. It needs LibCST, the extra `fix`."""
