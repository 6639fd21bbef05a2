"""The fault campaign: a whole real system, one fault after another while procedures flow, and an audit from outside."""
