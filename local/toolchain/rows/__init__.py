"""The rows of the table of tools, by what they are for."""
