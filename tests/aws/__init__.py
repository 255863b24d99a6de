"""The AWS that Ekiben's tests talk to: moto's server, and what it lacks.

`lacks.py` is the list: each call that moto does not answer as AWS does, why, and our answer. What
comes in and goes out by that list is checked against botocore's own models (`wire.py`); where the
fake is wrong it says so with HTTP 500, on standard error and in the log of calls. `server.py`
starts it, `running.py` is how tests talk to it, `control.py` what they may ask of it.
"""
