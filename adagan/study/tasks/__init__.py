"""What methods are compared on: one file a family, and one list of them all."""
