"""The Streamlit side: shell, inputs and what is shown."""
