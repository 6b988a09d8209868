"""Access over GraphQL: members, teams and roles, who one is oneself, and why somebody may see something or not.

`types` what there is; `roles`, `members`, `teams` what can be done to it; `granting` a role's grants as inputs say them. A field has the
name it has in this schema (`birthDate`); one of the tenant's own is `custom.shoe_size`, and `*` never stands in a list of fields: the
level of all that are not named is in `otherFields`.
"""
