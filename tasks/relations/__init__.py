"""From a source of tables to checked tables and features."""
