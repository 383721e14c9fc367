"""Workers: many trainings and tests at once, in processes of this machine or of a Dask cluster.

A task is a pure function of prices and settings. An engine runs tasks, in any order and on any
worker, and gives each result as it comes. The results of all engines are the same.
"""
