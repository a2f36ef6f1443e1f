"""What a deploy looks at where the endpoint passes from one model to the next."""
