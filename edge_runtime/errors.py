"""The exception for faults that the user can mend."""


class InputError(ValueError):
    """A file, device, option or model that cannot be used.

    Its text is one whole sentence for the user. Every command prints it to standard error and exits with status 2.
    Any other exception is a defect of the kit and keeps its traceback.
    """
