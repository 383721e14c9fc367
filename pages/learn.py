"""Learn: four lessons in which a user guesses, runs and sees, and the words of the app."""

import streamlit as st

from cryptoforecast.service import shared
from cryptoforecast.ui.learn import frame, overview

number = st.query_params.get("lesson")
lesson = next((one for one in overview.LESSONS if str(one.number) == number), None)
if lesson is not None:
    frame.show(shared(), overview.LESSONS, lesson)
else:
    if number is not None:
        st.warning("There is no such lesson. These are the lessons.")
    overview.show()
