"""People: who may sign in, how they prove it, and how they become members of tenants.

Words
    *Person*: somebody with an e-mail, known once however many tenants he is in. *Member*: a person in one tenant, with roles there.
    *Known device*: a browser or program that a person has signed in with; it holds a random secret (OWASP's "device cookie").
    *One-time token*: 256 random bits in a mailed link, good once and for a time: for an invitation, or a new password.
    *Recovery code*: stands in for a code of the second factor, once.

A person's rows are guarded as a tenant's are: forced row level security on `app.person_id`. Before a person is known there are two
doors, one from an e-mail to an id, one from a token's hash to what it is for; before a tenant is chosen a third tells the person of the
transaction where he is a member.

What is promised
    - Passwords are kept as argon2id with parameters of OWASP's cheat sheet, and hashed anew at sign-in when those have changed. So many
      are checked at once as a setting says; who finds the queue full is told to try again, and costs no memory.
    - Signing in says the same and does the same whether there is such a person, he has no password, he is no active member anywhere, or
      the password is wrong: the same statements, one argon2 check, one count. So does asking for a new password, which answers
      before it has looked.
    - Guessing is slowed down by account, by second factor and by address (`attempts`). Who is locked out by others' guesses signs in from a
      known device all the same: its wrong passwords are counted by themselves.
    - Tokens, recovery codes and devices' secrets are stored as SHA-256; they are random, so a slow hash would buy nothing. The seed of a
      second factor is wrapped by the master key. Each token, recovery code and code is taken once, whoever tries at the same time.
    - A link leaves only by mail. The job that mails it holds an id; the token is made as the mail is written, and replaces those before.
    - A new password ends all sign-ins from before it (`signed_out_at`).

What leaks
    - A mailbox's owner is believed: whoever reads the mail may accept the invitation or set the password. A second factor still stands.
    - Redis holds SHA-256 of the e-mails that were tried, for a day: who reads it can find out whether an address he knows was tried.
    - A tenant's admin learns nothing from inviting an e-mail: whether that person has an account elsewhere is told to its mailbox.
"""
