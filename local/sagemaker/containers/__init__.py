"""The algorithm's containers as processes of this machine, and the data they are given."""
