"""Refinement: samples corrected by the density ratio; one way per object."""
