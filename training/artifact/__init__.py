"""The model artifact, both ways: model.tar.gz, its files, MXNet's parameters."""
