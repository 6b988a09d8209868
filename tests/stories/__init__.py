"""Whole journeys, told from outside: real worker processes, real servers, what a tenant would notice.

Sizes are chosen for `make test`. `KELU_STORY_ROWS` and `KELU_STORY_KILLS` make the long stories as long as you like;
`python -m tests.benchmarks --only killed` runs the longest at full length. `KELU_NORTHWIND` names a folder with the Northwind
tables as `customers.csv` and `orders.csv`; without one its story is skipped.
"""
