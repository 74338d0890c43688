"""The signed A4: words and traces to HTML, and HTML to PDF."""
