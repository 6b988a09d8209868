"""How fast the road out is, beside its peers: the same PostgreSQL, tables, policies and records, asked in turn.

Who is compared, one process each
    *Kelu*: `kelu serve`, asked with API keys that may reveal. *PostGraphile 5*: as the app's own role, under the same row level security
    (`postgraphile/`, installed by `npm ci`; without npm it is left out). *Strawberry*: resolvers and dataloaders over asyncpg, as a careful
    author writes them (`resolvers`). *SQL by hand*: one route and one statement for each query, nothing else (`by_hand`): the rod.

What is fair
    The peers are told the tenant by a header and believe it; Kelu looks a key up. All pools have ten connections. The Python servers run
    on uvicorn with httptools and, where they are ours to start, uvloop. Texts of queries never change and variables do, so every cache is
    warm. Before a query is timed all peers answer it, and the answers have to be the same but for the writing of ids, times and numbers.

What is counted
    Requests/s, p50 and p99 as 16 connections see them (`load`, a process of its own), medians of the rounds; processor time of the server
    with its children and of PostgreSQL, over all rounds, per request. An answer that is not 200, or has errors, is an error.
"""
