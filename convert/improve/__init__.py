"""Changes a generator's weights so that int8 costs less."""
