"""What was published, what arrived at each subscription, and the completion rate of windows of time."""
