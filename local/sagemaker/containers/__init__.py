"""The algorithm's containers as processes of this machine, with their data and their logs."""
