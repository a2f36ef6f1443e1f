"""What a deployment leaves: found in every service that it uses, and removed where no stack removes it."""
