"""The read side of users: MongoDB only."""
