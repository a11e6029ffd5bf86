"""What a user asked for, resolved, and the four stages that do it."""
