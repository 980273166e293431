"""Where epistemic uncertainty comes from: shares of tables, their columns and value ranges."""
