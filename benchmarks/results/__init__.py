"""Result files, their arithmetic, tables and charts; the measured results themselves."""
