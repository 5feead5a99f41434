"""``python -m adagan``."""

from adagan.command_line import script

if __name__ == "__main__":
    script()
