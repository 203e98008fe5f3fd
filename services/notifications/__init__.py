"""Keeps alerts, and tells the provider of notifications of each of them, in order for each sensor."""
