"""A tiny stand-in for botocore, for the tests of the model compiler."""

__version__ = "0.1.2"
