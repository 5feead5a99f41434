"""Generators: one file or folder a kind."""
