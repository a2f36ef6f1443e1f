"""The Service Quotas that MiniStack lacks: how much of SageMaker an account may use at a time."""
