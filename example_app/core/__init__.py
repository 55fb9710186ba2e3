"""What every part of the application relies on: its settings, its secrets, its current user, its errors."""
