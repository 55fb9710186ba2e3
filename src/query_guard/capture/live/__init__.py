"""What is going on now: open windows, pools, holders of connections, the event loop."""
