"""A tenant's settings and what it uses: read as plain objects that the domain answers, changed as a whole under one version."""
