"""How the app looks, by day and by night; what a page says is decided elsewhere.

charts      the colours of all charts, as the theme of the moment has them
frame       around every page: the name, the mark and the style sheet

Beside them: theme.toml (Streamlit's options), style.css (what those cannot say) and
mark.svg (the name and the mark).
"""
