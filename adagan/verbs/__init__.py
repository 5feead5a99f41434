"""One module per verb of the command line, imported when it is called; its help is stored, see `stored_help`."""
