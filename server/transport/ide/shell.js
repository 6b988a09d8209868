// The page before and around GraphiQL: it asks for an API key, and only with a good one loads GraphiQL, which then speaks with that key.
// The key lies in this tab's sessionStorage and nowhere else, and goes to this server's /graphql alone.
'use strict';

const URL_OF_GRAPHQL = '/graphql';
const KEY = 'kelu.key';
const STYLE = '/graphql/ide/graphiql-3.9.0.min.css';
const SCRIPTS = ['react-18.3.1.min.js', 'react-dom-18.3.1.min.js', 'graphiql-3.9.0.min.js'].map((name) => `/graphql/ide/${name}`);

const QUERY = '# Ctrl-Enter runs this.\n{\n  customers(first: 10) {\n    nodes {\n      id\n      name\n    }\n  }\n}\n';

const JSON_ANSWER = 'application/graphql-response+json, application/json;q=0.9';
const EVENTS = 'text/event-stream';

const element = (id) => document.getElementById(id);

function post(key, parameters, accept, more = {}, signal = undefined) {
  const headers = { ...more, Accept: accept, Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  return fetch(URL_OF_GRAPHQL, { method: 'POST', headers, body: JSON.stringify(parameters), signal, credentials: 'omit' });
}

// What is wrong with a key, in the server's words; nothing where it is good.
async function refused(key) {
  const response = await post(key, { query: '{ __typename }' }, JSON_ANSWER);
  if (response.ok) return '';
  const { message, errors } = await response.json().catch(() => ({}));
  return message ?? errors?.[0]?.message ?? `The server answered ${response.status}.`;
}

// GraphiQL's way to the server: one answer to a query or a mutation, an async iterator over the events of a subscription.
const fetcherWith = (key) => (parameters, { documentAST, headers } = {}) => {
  if (isSubscription(documentAST, parameters.operationName)) return subscribed(key, parameters, headers);
  return post(key, parameters, JSON_ANSWER, headers).then((response) => response.json());
};

function isSubscription(documentAST, name) {
  const operations = documentAST?.definitions.filter(({ kind }) => kind === 'OperationDefinition') ?? [];
  const chosen = name ? operations.find((each) => each.name?.value === name) : operations[0];
  return chosen?.operation === 'subscription';
}

function subscribed(key, parameters, headers) {
  const stop = new AbortController();
  const events = eventsOf(key, parameters, headers, stop.signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => events.next(),
    // Events may be far apart: stopping must not wait for the next one.
    return() {
      stop.abort();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

async function* eventsOf(key, parameters, headers, signal) {
  try {
    const response = await post(key, parameters, EVENTS, headers, signal);
    if (!response.headers.get('Content-Type')?.startsWith(EVENTS)) {
      yield await response.json();
      return;
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ''; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (text + value).split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        if (block.startsWith('event: complete')) return;
        const found = /^event: next\ndata: (.*)$/m.exec(block);
        if (found) yield JSON.parse(found[1]);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function text(key, address) {
  const response = await fetch(address, { headers: { Authorization: `Bearer ${key}` }, credentials: 'omit' });
  if (!response.ok) throw new Error(`${address} cannot be loaded.`);
  return response.text();
}

// The page's policy lets an element run or show only what it knows the hash of.
function add(tag, content) {
  document.head.append(Object.assign(document.createElement(tag), { textContent: content }));
}

async function open(key) {
  const [style, ...scripts] = await Promise.all([STYLE, ...SCRIPTS].map((address) => text(key, address)));
  add('style', style);
  for (const script of scripts) add('script', script);
  element('door').hidden = true;
  element('bar').hidden = element('graphiql').hidden = false;
  const { React, ReactDOM, GraphiQL } = window;
  // Queries may name customers: what GraphiQL remembers of them goes with the tab too.
  const properties = { fetcher: fetcherWith(key), storage: window.sessionStorage, defaultQuery: QUERY, shouldPersistHeaders: false };
  ReactDOM.createRoot(element('graphiql')).render(React.createElement(GraphiQL, properties));
}

async function enter(key) {
  element('told').textContent = '';
  try {
    const why = await refused(key);
    if (!why) {
      sessionStorage.setItem(KEY, key);
      await open(key);
      return;
    }
    sessionStorage.removeItem(KEY);
    element('told').textContent = why;
  } catch (error) {
    element('told').textContent = error.message;
  }
}

element('door').addEventListener('submit', (event) => {
  event.preventDefault();
  enter(element('key').value.trim());
});
element('forget').addEventListener('click', () => {
  sessionStorage.clear();
  location.reload();
});
const kept = sessionStorage.getItem(KEY);
if (kept) enter(kept);
