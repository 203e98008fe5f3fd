"""The web application: settings, urls and the one place where the parts are put together."""
