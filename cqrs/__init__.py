"""CQRS in Django: commands in one store, documents in another, and nothing lost between them."""
