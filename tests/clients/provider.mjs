// An OpenID provider on loopback (npm oidc-provider): KELU_REDIRECTS says where it may send people, KELU_ACCOUNTS who there is
// (by the name they sign in with: their claims), KELU_SUPPORTS_ISS whether it names itself in its answers (RFC 9207). It prints its issuer.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const accounts = JSON.parse(process.env.KELU_ACCOUNTS);
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: process.env.KELU_CLIENT_ID,
        client_secret: process.env.KELU_CLIENT_SECRET,
        redirect_uris: JSON.parse(process.env.KELU_REDIRECTS),
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    pkce: { required: () => true },
    cookies: { keys: ["a key of a test"] },
    findAccount: (_, id) => accounts[id] && { accountId: accounts[id].sub ?? id, claims: async () => ({ sub: id, ...accounts[id] }) },
    features: { devInteractions: { enabled: true } },
  });
  provider.proxy = false;
  server.on("request", provider.callback());
  console.log(issuer);
});
