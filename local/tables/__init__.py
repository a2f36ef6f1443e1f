"""DynamoDB of the embedded cloud: what AWS has and MiniStack lacks."""
