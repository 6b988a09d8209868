// Apollo Client with automatic persisted queries: the same query by three clients that know nothing of each other, the last one by
// GET, as {data: [of each], requests: [of each: [{method, hasQuery, hasHash}]]}. With KELU_HASH, which is JSON, that is said to be the
// hash of the query; what the server makes of it is `{errors: [code]}`.
import { createHash } from 'node:crypto';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { authorization, given, print, url } from './given.mjs';

const sha256 = (text) => process.env.KELU_HASH ?? createHash('sha256').update(text).digest('hex');

const seen = (address, { method, body }) => {
  const said = method === 'GET' ? Object.fromEntries(new URL(address).searchParams) : JSON.parse(body);
  return { method, hasQuery: 'query' in said, hasHash: JSON.stringify(said).includes('sha256Hash') };
};

const ask = async (useGETForHashedQueries) => {
  const requests = [];
  const watched = (address, options) => (requests.push(seen(address, options)), fetch(address, options));
  const http = new HttpLink({ uri: url, headers: { authorization }, fetch: watched });
  const client = new ApolloClient({
    link: new PersistedQueryLink({ sha256, useGETForHashedQueries }).concat(http),
    cache: new InMemoryCache(),
  });
  const { query, variables } = given('query');
  const { data } = await client.query({ query: gql(query), variables });
  return { data, requests };
};

try {
  const told = [await ask(false), await ask(false), await ask(true)];
  print({ data: told.map(({ data }) => data), requests: told.map(({ requests }) => requests) });
} catch (error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  print({ errors: error.errors.map(({ extensions }) => extensions.code) });
}
