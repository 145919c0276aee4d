"""The exception for faults that the user can mend, and text from files as it may stand in its sentence."""

SHOWN_CHARACTERS = 200
MOST_SENTENCE = 4000
"""Characters of an error that a program prints: the longest names every difference of two configurations."""


class InputError(ValueError):
    """A file, device, option or model that cannot be used.

    Its text is one whole sentence for the user. Every command prints it to standard error and exits with status 2.
    Any other exception is a defect of the kit and keeps its traceback.
    """


def shown(text: object, most: int = SHOWN_CHARACTERS) -> str:
    """Return text from a file as it may be shown: one line of at most `most` characters, control characters escaped."""
    return _escaped(str(text)[:most])[:most]


def escaped_lines(text: str) -> str:
    """Do `shown` for text of several lines, and of at most MOST_SENTENCE characters."""
    return "\n".join(map(_escaped, text[:MOST_SENTENCE].split("\n")))


def _escaped(text: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
