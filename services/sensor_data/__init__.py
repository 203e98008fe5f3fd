"""Takes in readings of sensors; one outside of the valid range becomes an alert, decided from the stored change."""
