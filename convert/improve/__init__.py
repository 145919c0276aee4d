"""What can be done to a generator's weights before int8."""
