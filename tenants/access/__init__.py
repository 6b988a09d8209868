"""Who may see and do what.

`permissions` are the words; `fields` what roles can say of each field; `grants` what one role gives, as JSON and as a value; `rights`
the sum of several; `built_in` the roles every tenant has; `actors` who somebody is now; `reach` the SQL of which records that are;
`masks` show enough of a value to recognise it and never all of it.
"""
