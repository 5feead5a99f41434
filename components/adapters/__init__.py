"""Adapters: what makes others' generators components."""
