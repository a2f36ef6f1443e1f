"""Step Functions of the embedded cloud: what AWS has and MiniStack lacks, from limits to a whole history."""
