"""Helpers that know nothing of the book: whole files or none, what a terminal shows, where
a result was made.
"""
