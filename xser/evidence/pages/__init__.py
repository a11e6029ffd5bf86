"""Tables and pages made from figures, for the terminal, Markdown, LaTeX, HTML and CSV."""
