"""The loops of layers."""
