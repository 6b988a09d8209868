// The audits of GraphQL over HTTP that the npm package graphql-http has, as [{id, name, status, reason}].
import { serverAudits } from 'graphql-http';
import { authorization, print, url } from './given.mjs';

const fetchFn = (address, options) => fetch(address, { ...options, headers: { ...options?.headers, authorization } });

const run = async ({ id, name, fn }) => {
  const { status, reason = null } = await fn().catch((error) => ({ status: 'error', reason: String(error) }));
  return { id, name, status, reason };
};

const results = [];
for (const audit of serverAudits({ url, fetchFn })) results.push(await run(audit));
print(results);
