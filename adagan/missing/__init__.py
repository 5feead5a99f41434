"""What is missing: which parts of the data a mixture does not produce."""
