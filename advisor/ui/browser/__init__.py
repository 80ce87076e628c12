"""What runs in the browser itself: small scripts, mounted as Streamlit's components.

ruler   the learning-rate ruler, with a handle that can be dragged
window  where the window stands, where the cursor is, and what a screen reader says
"""
