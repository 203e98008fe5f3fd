"""The commands: arguments in, a call of what does the work, and what is shown of its result."""
