"""The executions of the state machine: their list, their states, what became of each photo."""
