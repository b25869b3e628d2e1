"""Weights, snapshots and mean images as files."""
