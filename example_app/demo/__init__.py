"""The tour: it sends real requests to the served application, prints what is found, and checks every promise."""
