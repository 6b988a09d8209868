// The npm client graphql-sse, each operation over a connection of its own: all results of each subscription, as {subscriptions}.
import { createClient } from 'graphql-sse';
import { followAll } from './follow.mjs';
import { authorization, given, print, url } from './given.mjs';

const client = createClient({ url, headers: { authorization }, retryAttempts: 0 });
const subscribe = (operation) => client.iterate(operation);
const all = async (operation) => {
  const results = [];
  for await (const result of subscribe(operation)) results.push(result);
  return results;
};

print({ subscriptions: await followAll(given('subscriptions'), subscribe, all) });
