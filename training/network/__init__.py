"""The networks: MXNet's symbol graph, its operators, what runs it, and the two that are built here."""
