"""OpenID Connect: members of a tenant sign in by the tenant's own identity provider.

Specifications: OpenID Connect Core 1.0 (authorization code flow) and Discovery 1.0, PKCE (RFC 7636, S256), the issuer in the answer
(RFC 9207), and what RFC 9700 says of all that. Signatures and keys are joserfc's. The requests are httpcore's, which lets us choose the
address a name leads to.

What is promised
    - A provider signs somebody in to its own tenant and no other. Each tenant has an address of its own that people come back to; the
      attempt they come back from is in a cookie of the browser that began it, signed by us and bound to tenant, state, nonce and PKCE
      verifier; and the issuer of the answer and of the ID token has to be the tenant's. So neither another tenant's provider nor
      somebody who mixes two of them up (RFC 9700, section 4.4) gets anywhere.
    - Who comes back is known by issuer and subject, never by e-mail alone. At the first time a member of this tenant with the same e-mail
      is taken for him, or one is made, where the tenant wants that: the e-mail has to be verified, and of a domain the tenant has named.
    - Such a session has no person: it opens nothing but this one membership, not even where the member is a person with a password and
      more tenants, and changes no password and no second factor. A tenant's administrators decide who is who in their tenant, and only
      there.
    - What a provider tells us is fetched by https from public addresses alone, within ten seconds and 256 KiB, without redirects.

What is not
    - Whoever runs a tenant's provider can sign in as any member of that tenant with an e-mail of the named domains.
    - Signing out here does not sign out there.
"""
