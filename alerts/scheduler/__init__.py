"""What the clock calls: ticks of the desk's use-cases, delivery workers, notices. Edge.

APScheduler only ticks, at fixed intervals; what is due is planned by `timetable`, over time zones, by nominal date
(its own cron skips or doubles digests at clock changes). Every tick may be lost, late or doubled without harm.
"""
