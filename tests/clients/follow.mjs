// Subscriptions to their ends, or to as many events as are wanted.

/**
 * The results of `subscription {query, variables, events?, onFirst?, until?}`, as it ended or as many as `events` says. Operations
 * it can bring with it are done by the same client: `onFirst` once its first result is there; `until` every 300 ms until it is there,
 * for a subscription that tells only what happens after it has begun.
 *
 * @param subscribe operation → async iterable of results
 * @param execute operation → promise of a result
 */
const follow = async ({ events = Infinity, onFirst, until, ...subscription }, subscribe, execute) => {
  const results = [];
  const again = until && setInterval(() => execute(until), 300);
  for await (const result of subscribe(subscription)) {
    clearInterval(again);
    results.push(result);
    if (results.length === 1 && onFirst) await execute(onFirst);
    if (results.length >= events) break;
  }
  clearInterval(again);
  return results;
};

/** The results of several, one after the other. */
export const followAll = async (subscriptions, subscribe, execute) => {
  const told = [];
  for (const subscription of subscriptions) told.push(await follow(subscription, subscribe, execute));
  return told;
};
