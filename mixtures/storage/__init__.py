"""The one room that writes and reads what lasts: whole or not at all, checked, and never a pickle.

`files` writes files and folders atomically and reads them with checks; `components` knows how an object is written and
by whom it is made again; `mixture_folder` is the mixture's file.
"""
