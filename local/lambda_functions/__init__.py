"""Lambda of the embedded cloud: functions run isolated, and their errors keep AWS's names."""
