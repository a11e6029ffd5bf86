"""The checks of the audit by name: what each of them means, and which may stop stage 1."""

CORPUS = {  # placeholder order: as printed where severities are equal
}
