"""What each page shows: a module with one function ``show``.

Not called ``pages``, which Streamlit takes for scripts of its own.
"""
