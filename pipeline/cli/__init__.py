"""The command line: the one part that knows all others."""
