"""The integrations of tasks with other services: what each asks, takes, answers and fails with."""
