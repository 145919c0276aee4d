"""The web server under the preview: connections, TLS, and the bridge to the WSGI app."""
