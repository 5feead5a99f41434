"""The component contract as checks that anybody can run on a class of their own."""

from adagan.components.conformance.check import check_component

__all__ = ["check_component"]
