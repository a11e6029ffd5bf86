"""A page in a browser on which people try a model with their own voice."""
