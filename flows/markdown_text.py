"""Texts of any characters in Markdown, which Prefect's page reads in cells and descriptions too."""

import re

from tasks.report.wording import printable

_ANYWHERE = re.compile(
    r"""[`*~]                       # code, emphasis, strokes
      | <(?=[A-Za-z/!?])            # HTML
      | &(?=[\#A-Za-z])             # an entity
      | \](?=[(:\[])                # the text of a link or an image ends
      | \\(?=[!-/:-@\[-`{-~])       # an escape
      | (?<!\w)_ | _(?!\w)          # emphasis
    """,
    re.VERBOSE,
)
_AT_THE_BEGINNING = re.compile(r"\A(\d{1,9}(?=[.)](?:\s|$))|(?=>|[#+-](?:[#\s-]|$)))")
"""Of a list, a heading, a rule or a quotation: what stands before the mark."""


def as_markdown(text: str) -> str:
    r"""A text on one line as Markdown that shows it as it is.

    Parameters
    ----------
    text
        Of any characters; those that break a line or steer a terminal are replaced.

    Returns
    -------
    str
        Only what Markdown would read as something else is escaped.

    Examples
    --------
    >>> print(as_markdown("fill the 80 missing cells of items.lead_time [12.26, 15.332)"))
    fill the 80 missing cells of items.lead_time [12.26, 15.332)
    >>> print(as_markdown("<b>size</b> *2*, ![x](http://elsewhere)"))
    \<b>size\</b> \*2\*, ![x\](http://elsewhere)
    """
    plain = _ANYWHERE.sub(r"\\\g<0>", printable(text).strip())
    return _AT_THE_BEGINNING.sub(r"\g<0>\\", plain)


def code_block(text: str) -> str:
    """Lines as they are, in a fence that is longer than any in them.

    Examples
    --------
    >>> print(code_block("a"))
    ```text
    a
    ```
    """
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def code(text: str) -> str:
    """A text on one line as code, such as a path or a command.

    Examples
    --------
    >>> print(code("whence run f1"))
    `whence run f1`
    """
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{printable(text)}{space}{fence}"
