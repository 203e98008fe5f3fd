"""The write side of users: PostgreSQL only."""
