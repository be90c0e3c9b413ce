"""The web application: see a recording live, calibrate, look through the store. `application.py` says how a page is added."""
