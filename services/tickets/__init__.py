"""Tickets that people offer: each version is stored together with its event, which is published afterwards."""
