"""What more than one stack is built from."""
