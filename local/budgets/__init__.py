"""What MiniStack's Budgets lacks: its type for CloudFormation."""
