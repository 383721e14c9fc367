"""A page with a header and one chart, as small as it can be; ``benchmarks.pages`` opens it."""

import plotly.graph_objects as go
import streamlit as st

st.header("One chart")
st.plotly_chart(go.Figure(go.Scatter(x=list(range(100)), y=list(range(100)))))
