"""Step Functions of the embedded cloud: what MiniStack's lacks of AWS's."""
