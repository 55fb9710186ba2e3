"""The database below the models: base class, engine, sessions, migrations, data to look at."""
