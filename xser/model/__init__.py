"""What learns: encoders, losses, batches and the Brain that joins them."""
