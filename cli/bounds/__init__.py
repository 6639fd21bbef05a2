"""What the system holds at its bounds, seen from outside: how much memory it takes, and how others are served."""
