"""Step Functions of the embedded cloud: AWS's limits, permissions and logs, which MiniStack lacks."""
