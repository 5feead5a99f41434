"""Generators of others, as their users would write them, boosted untouched; their packages are the extra ``peers``."""
