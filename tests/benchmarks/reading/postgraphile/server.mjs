// PostGraphile over Kelu's tables as the app's own role: the tenant of a request is in its header x-tenant. Prints where it serves.

import { createServer } from "node:http";
import { PgAggregatesPreset } from "@graphile/pg-aggregates";
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const preset = {
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset, PgAggregatesPreset],
  // Filters and orders by columns without an index are left in, as all peers have them.
  // And functions are left out: nobody asks the doors anything, and an argument of one is called as one of a page is.
  disablePlugins: ["PgIndexBehaviorsPlugin", "PgProceduresPlugin", "PgCustomTypeFieldPlugin"],
  pgServices: [
    makePgService({
      connectionString: process.env.KELU_BENCH_DATABASE,
      schemas: ["public"],
      poolConfig: { max: 10 },
    }),
  ],
  schema: { dontSwallowErrors: true },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
  grafast: {
    explain: false,
    context: (requestContext) => ({
      pgSettings: { "app.tenant_id": requestContext.node?.req.headers["x-tenant"] ?? "" },
    }),
  },
};

const server = createServer();
server.on("error", (error) => {
  throw error;
});
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/graphql`));
