"""Where the tables of a run lie, as a parameter: shown and kept, so that it holds no password."""

from typing import Annotated

from pydantic import AfterValidator, Field

from tasks.relations.location import refuse_password

PLACES = (
    "a folder, a database's URL without a password, or env:NAME or block:NAME of an environment "
    "variable or Secret block that holds one"
)


def _shows_no_password(location: str) -> str:
    refuse_password(location)
    return location


NO_PASSWORD = {"pattern": "^(?!.*://[^/@]*:[^@]*@)"}
"""For those who read the schema alone: so a password is refused before anything is kept."""

Location = Annotated[str, AfterValidator(_shows_no_password), Field(json_schema_extra=NO_PASSWORD)]
"""A folder or database, as `tasks.relations.location.find_location` reads it."""
