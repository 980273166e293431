"""Tables as a contract describes them: columns, keys, time, and what is expected of the rows."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

ColumnType = Literal["integer", "number", "category", "boolean", "time", "text"]
Severity = Literal["block", "repairable"]
Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Frozen(BaseModel):
    """Base of everything in a contract: it does not change, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Frozen):
    """What a column holds.

    Attributes
    ----------
    type
        ``integer`` and ``number`` are numeric, ``category`` is a code or name, ``time`` a date or
        moment; ``text`` is read but never a feature.
    unit
        For the report.
    range
        Least and largest allowed value; null leaves a side open.
    values
        Allowed values.
    missing
        Texts that stand for a missing value, beside those of the table.
    required
        Whether a missing value breaks the contract.
    format
        How a time is written where it is not ISO 8601, such as ``%d.%m.%Y %H:%M``. Times with a
        zone are told in UTC.
    measured, most_days
        Time column of the same table that says when the value was taken, and how many days
        before the newest of those times it may have been taken. Both or neither. An older value
        is stale, and so is one without its time; the time column is no feature.
    severity
        Whether values that break the contract stop the run (``block``) or are marked for repair.
    """

    type: ColumnType
    unit: str = ""
    range: tuple[FiniteFloat | None, FiniteFloat | None] | None = None
    values: tuple[str | int | float, ...] | None = None
    missing: tuple[str, ...] = ()
    required: bool = False
    format: str = ""
    measured: str = ""
    most_days: Days | None = None
    severity: Severity = "repairable"


class Unique(Frozen):
    """No two rows have the same values in all of `columns`; a missing value breaks nothing.

    Attributes
    ----------
    columns
        One or several.
    severity
        Whether every such row after the first stops the run (``block``) or is marked for repair.
    """

    kind: Literal["unique"]
    columns: Annotated[Names, Field(min_length=1)]
    severity: Severity = "repairable"


class Ordered(Frozen):
    """In every row `lower` is at most `upper`; a missing value breaks nothing.

    Attributes
    ----------
    lower, upper
        Two columns of one type: ``integer``, ``number`` or ``time``.
    severity
        Whether a pair that breaks the order stops the run (``block``) or both values are marked
        for repair.
    """

    kind: Literal["ordered"]
    lower: str
    upper: str
    severity: Severity = "repairable"


class Pattern(Frozen):
    """The regular expression `regex` matches every value of `column` from end to end.

    Attributes
    ----------
    column
        Of type ``text`` or ``category``.
    regex
        As Python writes it; a missing value breaks nothing.
    severity
        Whether a value that does not match stops the run (``block``) or is marked for repair.
    """

    kind: Literal["pattern"]
    column: str
    regex: str
    severity: Severity = "repairable"


class Rows(Frozen):
    """The table has at least `least` and at most `most` rows, repeated ones left out.

    Attributes
    ----------
    least, most
        Number of rows; no upper limit where `most` is not given.
    severity
        Always ``block``: no cell can be mended.
    """

    kind: Literal["rows"]
    least: Count = 1
    most: Count | None = None
    severity: Literal["block"] = "block"


Expectation = Annotated[Unique | Ordered | Pattern | Rows, Field(discriminator="kind")]


class Table(Frozen):
    """One table of the database.

    Attributes
    ----------
    columns
        By name; what is not named here is not read.
    primary_key
        One or several columns, unique and present in every row, else a run stops; empty where the
        table has none.
    foreign_keys
        Column -> table whose primary key it holds. Rows that point to nothing are marked for
        repair.
    most_orphans
        Largest share of rows whose foreign key points to nothing; more stops the run.
    time
        When a row became known: a column, or ``key.column`` through a foreign key. Empty for a
        table that holds at all times.
    missing
        Texts that stand for a missing value in every column; those that are numbers do so in
        columns of numbers, however they are stored.
    expectations
        What else is expected of the rows.
    """

    columns: dict[str, Column]
    primary_key: Names = ()
    foreign_keys: dict[str, str] = Field(default_factory=dict)
    most_orphans: Share = 0.2
    time: str = ""
    missing: tuple[str, ...] = ()
    expectations: tuple[Expectation, ...] = ()

    @property
    def bookkeeping(self) -> frozenset[str]:
        """Columns that say when values of others were taken: they are no features.

        Examples
        --------
        >>> speed = Column(type="number", measured="read_on", most_days=30)
        >>> Table(columns={"speed": speed, "read_on": Column(type="time")}).bookkeeping
        frozenset({'read_on'})
        """
        return frozenset(column.measured for column in self.columns.values() if column.measured)
