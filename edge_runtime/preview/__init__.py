"""The preview: a small Flask page on a production WSGI server."""
