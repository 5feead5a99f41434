"""The report on a run: figures, pictures, text, page."""
