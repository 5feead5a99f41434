"""The one room that writes and reads what lasts: whole or not at all, checked, and never a pickle.

`files` writes files and folders atomically, in a `held_folder`; `checked_reading` reads them within limits of size and
depth; `components` knows how an object is written and by whom it is made again, within an `allocation_limit`;
`mixture_folder` is the mixture's file.
"""
