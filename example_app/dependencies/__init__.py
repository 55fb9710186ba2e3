"""What endpoints ask for in their signatures."""
