"""What would fool a model, or its author: findings about recordings, labels and splits, each with a number."""
