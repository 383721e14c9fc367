"""About: what the app is and is not, its sources, versions and licences."""

from cryptoforecast.ui import about

about.show()
