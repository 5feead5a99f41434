"""Data: built in, read from files, and checked."""
