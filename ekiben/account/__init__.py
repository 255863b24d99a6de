"""What an AWS account needs once, before any stack: a place for the state, and a key for secrets.

It is made by plain calls, not by a stack: the state of a stack has to be somewhere first.
"""
