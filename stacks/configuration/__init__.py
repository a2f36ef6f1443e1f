"""Every setting, typed and checked; imports no aws_cdk, so that other rooms read the same settings."""
