"""What stands under all: errors, whole files, fingerprints, the schema of a row, and the records of files."""
