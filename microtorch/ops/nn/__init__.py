"""The functions of layers."""
