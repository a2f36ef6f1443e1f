"""CloudWatch Logs of the embedded cloud: its filter patterns, and the metrics that filters make."""
