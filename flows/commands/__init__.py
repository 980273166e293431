"""The subcommands of `whence`; each module holds those of one subject."""
