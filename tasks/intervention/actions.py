"""Which interventions are worth simulating: those where the uncertainty comes from."""

from collections.abc import Mapping

from tasks.domain import Domain, Node
from tasks.intervention.changes import PLACEBO_ACTIONS
from tasks.intervention.repairs import COLUMN_INTERVENTIONS, TABLE_INTERVENTIONS
from tasks.intervention.replicate_cells import Action


def choose_actions(
    shares: Mapping[tuple[str, str], float], contract: Domain, n_columns: int
) -> tuple[Action, ...]:
    """Every intervention at the columns with the largest shares and at the tables that hold them.

    Parameters
    ----------
    shares
        Share of epistemic uncertainty of each column, by table and name.
    contract
        Its columns alone can be mended: the number of a table's rows is no column.
    n_columns
        How many columns.

    Returns
    -------
    tuple of Action
        Column by column, then table by table, each from the largest share on; at last those on the
        column of pure noise. `simulate` leaves out what is not applicable.
    """
    ranked = sorted(shares, key=lambda column: -shares[column])
    columns = [
        (table, column)
        for table, column in ranked
        if table in contract.tables and column in contract.tables[table].columns
    ][:n_columns]
    held = {
        table: sum(share for (holder, _), share in shares.items() if holder == table)
        for table, _ in columns
    }
    return (
        *(
            Action(Node(table=table, column=column), intervention)
            for table, column in columns
            for intervention in COLUMN_INTERVENTIONS
        ),
        *(
            Action(Node(table=table), intervention)
            for table in sorted(held, key=lambda table: -held[table])
            for intervention in TABLE_INTERVENTIONS
        ),
        *PLACEBO_ACTIONS,
    )
