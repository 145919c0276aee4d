"""The pages and paths of booth, gallery and guests, for the preview's Flask application."""
