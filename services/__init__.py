"""Small services built on `cqrs`. They know nothing of one another and meet only through events."""
