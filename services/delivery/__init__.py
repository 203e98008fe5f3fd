"""Publishes users, has two subscriptions receive them, and answers how much of all that was published has arrived."""
