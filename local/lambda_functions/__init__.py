"""Lambda of the embedded cloud: functions run isolated, with AWS's names of errors."""
