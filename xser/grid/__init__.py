"""Many experiments: plan, cost, executors, ranks."""
