"""What a deploy runs: training or a given model, the gate, the threshold, the answer to CloudFormation."""
