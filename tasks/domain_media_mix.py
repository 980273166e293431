"""Which columns of a contract's tables a media mix model reads."""

from typing import Annotated

from pydantic import Field

from tasks.domain_tables import Frozen

ChannelName = Annotated[str, Field(pattern=r"^\w+$")]
Harmonics = Annotated[int, Field(ge=0, le=6)]


class MediaMix(Frozen):
    """Sales by week, the spends of each channel, and what else moves sales.

    Attributes
    ----------
    table
        With a row for each week.
    time
        Its column of the day on which the week begins.
    sales
        Its column of what was sold.
    channels
        Name of each channel, of letters, digits and underscores -> its column of spends.
    controls
        Its columns that may move sales beside trend, season and channels.
    harmonics
        Waves a year of the season's fastest part; 0 for no season. Each adds two parameters.

    Examples
    --------
    >>> block = MediaMix(table="weeks", time="day", sales="sold", channels={"tv": "tv_spend"})
    >>> block.numbers
    ('sold', 'tv_spend')
    """

    table: str
    time: str
    sales: str
    channels: Annotated[dict[ChannelName, str], Field(min_length=1)]
    controls: tuple[str, ...] = ()
    harmonics: Harmonics = 2

    @property
    def numbers(self) -> tuple[str, ...]:
        """Columns that must be numbers: sales, spends, controls."""
        return (self.sales, *self.channels.values(), *self.controls)
