"""The script that Streamlit runs; ``app.py`` points here."""

from cryptoforecast.ui import shell

shell.run()
