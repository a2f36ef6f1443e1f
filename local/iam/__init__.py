"""IAM of the embedded cloud: acting as a role, and where MiniStack judges permissions otherwise than AWS."""
