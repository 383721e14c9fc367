"""Data: open a price file, see how it is read and what is in it, and go on to its forecast."""

from cryptoforecast.service import shared
from cryptoforecast.ui import data, data_steps

service = shared()
file = data.current(service)
step = data.step(file)
if file is None or step == data.OPEN:
    data_steps.open_view(service, file)
elif step == data.READ or file.history is None:
    data_steps.read_view(service, file)
elif step == data.CHECK:
    data_steps.check_view(file, file.history)
else:
    data_steps.forecast_view(file, file.history)
