"""What the write side does: one handler a file, each a plain function over a batch of commands."""
