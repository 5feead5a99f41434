"""What a training is in the middle of, kept in files: a kill loses minutes, and what goes on is the same by bits."""
