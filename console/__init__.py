"""What the deployed workflow did, through AWS's own APIs."""
