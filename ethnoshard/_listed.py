"""Names in one text, as the command line takes them."""

import csv

from ethnoshard.errors import EthnoshardError


def listed(text: str) -> list[str]:
    """Names separated by commas; one that holds a comma itself stands in double quotes, as in a CSV file.

    >>> listed('white, "east, asian"')
    ['white', 'east, asian']

    Raises:
        EthnoshardError: the text is more than one line.
    """
    try:
        (row,) = csv.reader([text], skipinitialspace=True)
    except (csv.Error, ValueError) as error:
        raise EthnoshardError(f"{text!r} is not a list of names, separated by commas, in one line") from error
    return [name.strip() for name in row if name.strip()]
