"""Sampling from several components: allocation, blocks, stacking, streams to files."""
