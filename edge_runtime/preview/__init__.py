"""The preview: a Flask page with the live picture and its controls, on a production WSGI server."""
