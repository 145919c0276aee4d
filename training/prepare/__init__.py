"""Any folder of pictures becomes a clean, split data set with a manifest and a report."""
