"""What the endpoint answered over time, read from captured traffic or from executions."""
