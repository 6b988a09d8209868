// Apollo Client: a query, a mutation, a list paged through with relayStylePagination, and subscriptions over graphql-ws, as
// {query, mutation, pages, listed, subscriptions}: `pages` is how many edges each page brought, `listed` the list as the cache has it.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition, relayStylePagination } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';
import { filter, firstValueFrom } from 'rxjs';
import WebSocket from 'ws';
import { followAll } from './follow.mjs';
import { authorization, given, print, url } from './given.mjs';

const http = new HttpLink({ uri: url, headers: { authorization } });
const socket = new GraphQLWsLink(
  createClient({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, connectionParams: { authorization } }),
);
const client = new ApolloClient({
  link: ApolloLink.split(({ query }) => getMainDefinition(query).operation === 'subscription', socket, http),
  cache: new InMemoryCache({ typePolicies: { Query: { fields: { customers: relayStylePagination() } } } }),
});

const query = ({ query, variables }) => client.query({ query: gql(query), variables, fetchPolicy: 'network-only' });
const mutate = ({ query, variables }) => client.mutate({ mutation: gql(query), variables });

/** The results of a subscription as they come. */
async function* subscribe({ query, variables }) {
  const waiting = [];
  let wake;
  const told = (entry) => (waiting.push(entry), wake?.());
  const running = client.subscribe({ query: gql(query), variables }).subscribe({
    next: (result) => told({ result }),
    error: (error) => told({ error }),
    complete: () => told({ isOver: true }),
  });
  try {
    for (;;) {
      if (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
      const { result, error, isOver } = waiting.shift();
      if (error) throw error;
      if (isOver) return;
      yield result;
    }
  } finally {
    running.unsubscribe();
  }
}

/** Pages through `customers` as a list that grows in the cache does. */
const page = async ({ query, variables }) => {
  const list = client.watchQuery({ query: gql(query), variables });
  list.subscribe({});
  const { data } = await firstValueFrom(list.pipe(filter(({ loading }) => !loading)));
  const pages = [data.customers.edges.length];
  for (let { pageInfo } = data.customers; pageInfo.hasNextPage; ) {
    const { data } = await list.fetchMore({ variables: { after: pageInfo.endCursor } });
    pages.push(data.customers.edges.length);
    pageInfo = data.customers.pageInfo;
  }
  return { pages, listed: client.readQuery({ query: gql(query), variables }).customers };
};

print({
  query: (await query(given('query'))).data,
  mutation: (await mutate(given('mutation'))).data,
  ...(await page(given('list'))),
  subscriptions: (await followAll(given('subscriptions'), subscribe, mutate)).map((results) => results.map(({ data }) => data)),
});
