"""A whole stack under load while its parts are killed, stopped and lied to; then every promise is checked."""
