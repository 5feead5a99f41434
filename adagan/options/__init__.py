"""What is said on the command line: one module per family of options, with what makes the object that they describe."""
