"""The pages of the app: their frame, their inputs and their parts, drawn with Streamlit."""
