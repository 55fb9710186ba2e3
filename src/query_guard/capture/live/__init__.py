"""What goes on right now: open windows, pools, holders of connections, the event loop."""
