"""Controls outside the page: a button on a GPIO pin, and a home automation's MQTT broker."""
