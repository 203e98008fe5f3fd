"""Takes in purchases, and tells everybody by a message that is written together with the record."""
