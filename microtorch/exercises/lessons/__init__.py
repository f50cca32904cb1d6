"""What is checked of each lesson."""
