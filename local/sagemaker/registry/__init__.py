"""The Model Registry: groups of model packages, and the packages that are their versions."""
