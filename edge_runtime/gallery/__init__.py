"""The gallery: photos, strips, boomerangs and recordings in one folder, and the photographer who takes them."""
