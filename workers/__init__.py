"""Work done later: the worker and its clock, and what the jobs do. A job may be killed anywhere and run twice."""
