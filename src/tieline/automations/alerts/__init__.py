"""Failure notices: somebody is told when runs end badly, as seldom as they asked for, and when it is over.

rules       who is told of what: checked, kept with its secret sealed, shown
ending      what happens in the transaction in which a run ends: told, or counted for later
wording     the text of a notice, as mail and as webhook
sending     the jobs that deliver
"""
