"""Who offers tickets: accounts, and tokens that say who somebody is. As little of it as tickets need."""
