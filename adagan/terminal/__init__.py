"""What the user of the command line sees while it runs, and when it ends."""
