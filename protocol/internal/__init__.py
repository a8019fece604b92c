"""Commands that actors send one another. No client can name them."""
