"""A provider of notifications to try the others with: takes texts, shows them, and fails when it is told to."""
