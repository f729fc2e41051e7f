"""What every part of the library raises when it is asked for something that cannot be done."""


class BadInput(Exception):
    """Something that was asked for does not exist or must not be done; the message says what."""
