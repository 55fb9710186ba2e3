"""What is recorded, until when, and how much: windows, recorders and the rows they keep."""
