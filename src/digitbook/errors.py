"""What every part of the library raises when it is asked for something that cannot be done."""


class BadInput(Exception):
    """Something that was asked for does not exist or must not be done; the message says what."""


class DataError(BadInput):
    """A data set that is damaged, is not what it claims to be, or has an unknown name."""


class DataMissing(DataError):
    """A data set that is not on this machine and cannot be fetched now."""


class ExperimentError(BadInput):
    """A run that cannot be made, or a network that must not be scored on this data."""
