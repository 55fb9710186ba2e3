"""One request over ASGI: its messages, its route, its headers, and the options of the middleware."""
