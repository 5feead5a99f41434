"""One module per verb of the command line, imported when it is called; its ``--help`` needs no torch but ``fit``'s."""
