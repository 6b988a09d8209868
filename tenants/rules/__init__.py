"""A tenant's own rules: what its admins have decided about its records, and how that is changed.

- `decided`: what `tenant.rules` holds, as one checked shape. `settings`: read and changed as a whole, under one version: whoever changes
  them from an old version is refused. `uniqueness`: a kind of key declared unique, or not any more. `custom_fields`: fields of its own.
- Writers of records hold the rules they go by (`hold`), with a shared lock of their transaction; a change of the rules takes it alone. So
  no record is written by rules that were changed meanwhile, and what is checked of stored records stays so until the change is committed.
- A rule holds for what is written from then on. Only uniqueness is also checked of what is stored, as a whole, before anything is changed.
- A field of a tenant's own that is taken away is retired at once: nothing can be written to it. A job then clears its values, customer by
  customer, with a change-set each thousand as every write has; the field is gone when none is left. What history keeps stays sealed there.
"""
