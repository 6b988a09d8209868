// The npm client graphql-ws: a query, a mutation and subscriptions over one socket, as {query, mutation, subscriptions, connections}
// with all results of each; or {failure: {code, reason}, connections} where the server closed the socket.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { followAll } from './follow.mjs';
import { authorization, given, print, url } from './given.mjs';

const FORBIDDEN = 4403;

let connections = 0;
const client = createClient({
  url: url.replace(/^http/, 'ws'),
  webSocketImpl: WebSocket,
  lazyCloseTimeout: 5_000,
  connectionParams: { authorization },
  // A key that is refused is so the next time too.
  shouldRetry: (event) => event.code !== FORBIDDEN,
  on: { opened: () => (connections += 1) },
});

const subscribe = (operation) => client.iterate(operation);
const all = async (operation) => {
  const results = [];
  for await (const result of subscribe(operation)) results.push(result);
  return results;
};

try {
  print({
    query: await all(given('query')),
    mutation: await all(given('mutation')),
    subscriptions: await followAll(given('subscriptions'), subscribe, all),
    connections,
  });
} catch (event) {
  if (event.code === undefined) throw event;
  print({ failure: { code: event.code, reason: event.reason }, connections });
}
