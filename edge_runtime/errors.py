"""The one exception that means: the user can mend this."""


class InputError(ValueError):
    """Bad input: a file, device, option or model that cannot be used as asked.

    Its text is one whole sentence for the user. Every command prints it to standard error and exits with status 2;
    any other exception is a defect of the kit and keeps its traceback.
    """
