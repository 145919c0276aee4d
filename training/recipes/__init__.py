"""What a run is: dataclasses read from TOML, and the packaged recipes themselves."""
