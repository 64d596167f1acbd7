"""The roof: settings become parts, parts become a running program."""
