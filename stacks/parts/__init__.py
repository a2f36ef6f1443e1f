"""What stacks are built from, so that a stack's file shows what exists and not how it is spelt."""
