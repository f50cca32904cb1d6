"""The loops of losses."""
