// The vendor's JavaScript client (`@qlik/api`), unmodified, against Tieline. Not a test: run by one.
//
//     node qlik_api.mjs FOLDER STORY < settings.json     (FOLDER has node_modules)
//
// Prints what it saw as one line of JSON; a failed assertion ends it with a traceback.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.argv[2]}/x.js`);
const load = async (name) => import(pathToFileURL(require.resolve(`@qlik/api${name}`)).href);
const given = JSON.parse(readFileSync(0, 'utf8'));
const { auth, users, spaces, items, tenants, automations, webhooks, apiKeys, webIntegrations, cspOrigins } = await load('');
const optional = async (name) => load(name).then((module) => module.default ?? module, () => undefined);
const connections = await optional('/automation-connections');
const connectors = await optional('/automation-connectors');
const clients = await optional('/oauth-clients');
const tokens = await optional('/oauth-tokens');
const csrf = await load('/csrf-token');
const audits = await load('/audits');
const apps = await load('/apps');

const apikey = (apiKey = given.key) => ({ authType: 'apikey', host: given.host, apiKey });
const options = (hostConfig) => ({ hostConfig, noCache: true });

const refused = async (call, status) => {
  const error = await call.then(() => assert.fail(`not refused with ${status}`), (raised) => raised);
  assert.equal(error.status, status, `${error.stack} ${JSON.stringify(error.data)}`);
  assert.equal(error.data.traceId.length, 32);
  const [first] = error.data.errors;
  assert.ok(first.code && first.title && first.detail);
  return first;
};

// All pages forward, by the client's own next(); then all the way back by prev().
const walked = async (page, { back = true } = {}) => {
  const pages = [page];
  while (pages.at(-1).next) pages.push(await pages.at(-1).next());
  assert.ok(pages.length > 3, `only ${pages.length} pages`);
  const found = pages.flatMap((one) => one.data.data);
  assert.equal(new Set(found.map((thing) => thing.id ?? thing.clientId)).size, found.length, 'an element came twice');
  if (back) {
    const returned = [pages.at(-1)];
    while (returned[0].prev) returned.unshift(await returned[0].prev());
    assert.deepEqual(
      returned.flatMap((one) => one.data.data.map((thing) => thing.id ?? thing.clientId)),
      found.map((thing) => thing.id ?? thing.clientId),
    );
  }
  return found;
};

const seven = async (make) => {
  const made = [];
  for (let n = 0; n < 7; n += 1) made.push((await make(n)).data);
  return made;
};
const up = (name) => [0, 1, 2, 3, 4, 5, 6].map((n) => `${name} ${n}`);
const names = (things) => things.map((thing) => thing.name);
const replace = (path, value) => [{ op: 'replace', path, value }];

const stories = {
  async resources() {
    auth.setDefaultHostConfig(apikey());
    const o = { noCache: true };
    const seen = {};

    await seven((n) => automations.createAutomation({ name: `Flow ${n}`, description: 'd' }));
    let found = await walked(await automations.getAutomations({ limit: 2, sort: '-name', filter: 'name co "Flow"' }, o));
    assert.deepEqual(names(found), up('Flow').reverse());
    found = await walked(await automations.getAutomations({ limit: 2, sort: '+name', listAll: true }, o));
    assert.deepEqual(names(found), up('Flow'));
    const flow = (await automations.getAutomation(found[0].id, o)).data;
    assert.equal(flow.ownerId, given.user);
    assert.equal((await automations.updateAutomation(flow.id, { name: 'New', description: 'new' })).data.name, 'New');
    assert.equal((await automations.disableAutomation(flow.id)).status, 204);
    assert.equal((await automations.getAutomation(flow.id, o)).data.state, 'disabled');
    await automations.enableAutomation(flow.id);
    const copy = (await automations.copyAutomation(flow.id, { name: 'Copy' })).data;
    const runs = [];
    for (let n = 0; n < 4; n += 1) runs.push((await automations.queueAutomationRun(flow.id, { context: 'api' })).data);
    assert.equal((await walked(await automations.getAutomationRuns(flow.id, { limit: 1 }, o))).length, 4);
    assert.equal((await automations.getAutomationRun(flow.id, runs[0].id, o)).data.id, runs[0].id);
    const stopped = (await automations.stopAutomationRun(flow.id, runs[0].id)).status;
    const exported = (await automations.getAutomationRunDetails(flow.id, runs[0].id)).data;
    assert.ok(exported.url ?? exported.id, JSON.stringify(exported));
    const usage = await automations.getAutomationsUsageMetrics({ filter: 'name eq "runs"' }, o);
    assert.ok(Array.isArray(usage.data.data));
    seen.stopped = stopped;

    const me = (await users.getMyUser(o)).data;
    assert.deepEqual([me.id, me.tenantId, me.status], [given.user, given.tenant, 'active']);
    const people = await seven((n) => users.createUser({ subject: `sub-${n}`, name: `Person ${n}` }));
    assert.deepEqual(
      names(await walked(await users.getUsers({ limit: 2, sort: '+name', filter: 'name sw "Person "' }, o))), up('Person'),
    );
    assert.deepEqual(
      names(await walked(await users.filterUsers({ limit: 2, sort: '+name' }, { filter: 'subject sw "sub-"' }, o))),
      up('Person'),
    );
    assert.equal((await users.patchUser(people[0].id, replace('/name', 'Renamed'))).status, 204);
    assert.equal((await users.getUser(people[0].id, {}, o)).data.name, 'Renamed');
    assert.equal((await users.deleteUser(people[1].id)).status, 204);
    assert.ok((await users.countUsers({}, o)).data.total >= 7);
    seen.invited = (await users.inviteUsers({ invitees: [{ email: 'new@example.com' }] })).data.data[0].status;

    await automations.moveAutomation(copy.id, { userId: people[2].id });
    await automations.changeOwnerAutomation?.(copy.id, { userId: people[3].id });
    const space = await seven((n) => spaces.createSpace({ name: `Space ${n}`, type: 'shared' }));
    if (automations.changeSpaceAutomation) {
      await automations.changeSpaceAutomation(flow.id, { spaceId: space[0].id });
      assert.equal((await automations.getAutomation(flow.id, o)).data.spaceId, space[0].id);
    }
    assert.deepEqual(
      names(await walked(await spaces.getSpaces({ limit: 2, sort: '+name', name: 'Space' }, o))), up('Space'),
    );
    const assigned = [];
    for (const person of people.slice(2)) {
      const body = { type: 'user', assigneeId: person.id, roles: ['consumer'] };
      assigned.push((await spaces.createSpaceAssignment(space[0].id, body)).data);
    }
    assert.equal((await walked(await spaces.getSpaceAssignments(space[0].id, { limit: 1 }, o))).length, 5);
    await spaces.updateSpaceAssignment(space[0].id, assigned[0].id, { roles: ['facilitator'] });
    const assignment = (await spaces.getSpaceAssignment(space[0].id, assigned[0].id, o)).data;
    assert.deepEqual(assignment.roles, ['facilitator']);
    await spaces.deleteSpaceAssignment(space[0].id, assigned[1].id);
    await spaces.patchSpace(space[0].id, replace('/name', 'Patched'));
    await spaces.updateSpace(space[0].id, { name: 'Put', ownerId: given.user });
    assert.equal((await spaces.getSpace(space[0].id, o)).data.name, 'Put');
    seen.types = (await spaces.getSpaceTypes(o)).data.data;
    await spaces.deleteSpace(space[1].id);
    await refused(spaces.getSpace(space[1].id, o), 404);

    const shelf = await walked(await items.getItems({ limit: 2, sort: '+name' }, o));
    assert.equal((await items.getItem(shelf[0].id, o)).data.name, shelf[0].name);
    seen.items = shelf.length;

    const web = await seven((n) => webIntegrations.createWebIntegration({ name: `Web ${n}`, validOrigins: ['https://a.example.com'] }));
    assert.deepEqual(
      names(await walked(await webIntegrations.getWebIntegrations({ limit: 2, sort: '+name' }, o))), up('Web'),
    );
    await webIntegrations.patchWebIntegration(web[0].id, replace('/validOrigins', ['https://b.example.com', 'http://localhost:1234']));
    await webIntegrations.patchWebIntegration(web[0].id, replace('/name', 'Patched'));
    const integration = (await webIntegrations.getWebIntegration(web[0].id, o)).data;
    assert.deepEqual(
      [integration.name, integration.validOrigins], ['Patched', ['https://b.example.com', 'http://localhost:1234']],
    );
    assert.equal((await webIntegrations.deleteWebIntegration(web[0].id)).status, 204);
    await refused(webIntegrations.getWebIntegration(web[0].id, o), 404);

    const csp = await seven((n) => cspOrigins.createCSPEntry({ name: `Csp ${n}`, origin: `o${n}.example.com`, imgSrc: true }));
    assert.deepEqual(names(await walked(await cspOrigins.getCSPEntries({ limit: 2, sort: '+name' }, o))), up('Csp'));
    await cspOrigins.updateCSPEntry(csp[0].id, { name: 'Put', origin: 'put.example.com', frameSrc: true });
    assert.equal((await cspOrigins.getCSPEntry(csp[0].id, o)).data.origin, 'put.example.com');
    assert.match((await cspOrigins.getCSPHeader(o)).data['Content-Security-Policy'], /put\.example\.com/);
    await cspOrigins.deleteCSPEntry(csp[0].id);

    const types = (await webhooks.getWebhookEventTypes(o)).data.data.map((kind) => kind.name);
    const hooks = await seven((n) => webhooks.createWebhook({ name: `Hook ${n}`, url: 'https://example.com/', eventTypes: [types[0]] }));
    assert.deepEqual(names(await walked(await webhooks.getWebhooks({ limit: 2, sort: '+name' }, o))), up('Hook'));
    await webhooks.patchWebhook(hooks[0].id, replace('/name', 'Patched'));
    await webhooks.updateWebhook(hooks[0].id, { name: 'Put', url: 'https://example.com/p', eventTypes: [types[0]] });
    assert.equal((await webhooks.getWebhook(hooks[0].id, o)).data.url, 'https://example.com/p');
    assert.deepEqual((await webhooks.getWebhookDeliveries(hooks[0].id, {}, o)).data.data, []);
    await webhooks.deleteWebhook(hooks[0].id);

    await apiKeys.patchApiKeysConfig(given.tenant, replace('/max_keys_per_user', 60));
    assert.equal((await apiKeys.getApiKeysConfig(given.tenant, o)).data.max_keys_per_user, 60);
    const keys = await seven((n) => apiKeys.createApiKey({ description: `Key ${n}`, expiry: 'PT1H' }));
    const kept = await walked(await apiKeys.getApiKeys({ limit: 2, sort: '+description' }, o));
    assert.ok(kept.length >= 8);
    await apiKeys.patchApiKey(keys[0].id, replace('/description', 'Patched'));
    assert.equal((await apiKeys.getApiKey(keys[0].id, o)).data.description, 'Patched');
    assert.equal((await apiKeys.deleteApiKey(keys[0].id)).status, 204);

    const tenant = (await tenants.getMyTenant(o)).data;
    assert.equal(tenant.id, given.tenant);
    await tenants.patchTenant(tenant.id, replace('/name', 'Patched'));
    assert.equal((await tenants.getTenant(tenant.id, o)).data.name, 'Patched');

    assert.ok((await csrf.getCsrfToken(o)).headers.get('qlik-csrf-token'));
    seen.audits = (await walked(await audits.getAudits({ limit: 20 }, o))).length;

    if (connections && connectors) {
      const connector = (await connectors.getAutomationConnectors({ limit: 1 }, o)).data.data[0];
      const made = await seven((n) => connections.createAutomationConnection({ name: `Conn ${n}`, connectorId: connector.id }));
      assert.deepEqual(
        names(await walked(await connections.getAutomationConnections({ limit: 2, sort: '+name' }, o))), up('Conn'),
      );
      await connections.updateAutomationConnection(made[0].id, { name: 'Renamed' });
      assert.equal((await connections.getAutomationConnection(made[0].id, o)).data.name, 'Renamed');
      seen.check = (await connections.checkAutomationConnection(made[0].id)).status;
      await connections.changeSpaceAutomationConnection(made[0].id, { spaceId: space[0].id });
      await connections.changeOwnerAutomationConnection(made[1].id, { userId: people[2].id });
      assert.equal((await connections.deleteAutomationConnection(made[2].id, {})).status, 204);
    }
    if (clients) {
      const made = await seven((n) => clients.createOAuthClient({ appType: 'web', clientName: `App ${n}`, redirectUris: ['https://a.example.com/'] }));
      const listed = await walked(await clients.getOAuthClients({ limit: 2, sort: '+clientName' }, o));
      assert.deepEqual(listed.map((one) => one.clientName), up('App'));
      const id = made[0].clientId;
      await clients.patchOAuthClient(id, replace('/clientName', 'Patched'));
      assert.equal((await clients.getOAuthClient(id, o)).data.clientName, 'Patched');
      const secret = (await clients.createOAuthClientSecret(id)).data;
      assert.ok(secret.clientSecret, JSON.stringify(secret));
      await clients.deleteOAuthClientSecret(id, secret.hint ?? secret.clientSecret.slice(-5));
      seen.published = (await clients.publishOAuthClient(made[1].clientId)).status;
      assert.equal((await clients.deleteOAuthClient(id, { headers: { 'qlik-confirm-delete': id } })).status, 204);
    }
    if (tokens) assert.ok(Array.isArray((await tokens.getOauthTokens({}, o)).data.data));

    await automations.deleteAutomation(flow.id);
    await refused(automations.getAutomation(flow.id, o), 404);
    const absent = await refused(apps.getAppInfo('00000000-0000-0000-0000-000000000000', o), 404);
    seen.absent = absent.code;
    return seen;
  },

  async errors() {
    const seen = {};
    seen[401] = (await refused(users.getMyUser(options(apikey('wrong'))), 401)).title;
    seen[400] = (await refused(automations.getAutomations({ limit: 100000 }, options(apikey())), 400)).title;
    const forbidden = cspOrigins.createCSPEntry({ name: 'a', origin: 'b.c' }, options(apikey(given.reader)));
    seen[403] = (await refused(forbidden, 403)).title;
    const { qix } = await load('');
    const socket = qix.openAppSession({ appId: 'none', hostConfig: apikey() });
    seen.engine = await socket.getDoc().then(() => 'opened', (error) => error.constructor.name);
    return seen;
  },

  async machine() {
    const hostConfig = { authType: 'oauth2', host: given.host, clientId: given.client, clientSecret: given.secret };
    assert.equal((await users.getMyUser(options(hostConfig))).data.id, given.user);
    const bySubject = { ...hostConfig, subject: given.subject };
    assert.equal((await users.getMyUser(options(bySubject))).data.id, given.other);
    const byId = { ...hostConfig, userId: given.other };
    assert.equal((await users.getMyUser(options(byId))).data.id, given.other);
    // A token that ends in between is replaced, and the call is tried again.
    const list = await tokens.getOauthTokens({ userId: given.other }, options(apikey()));
    for (const one of list.data.data) await tokens.deleteOauthToken(one.id, options(apikey()));
    await new Promise((done) => { setTimeout(done, 1200); });
    assert.equal((await users.getMyUser(options(byId))).data.id, given.other);
    return {};
  },

  async wrongSecret() {
    const clientSecret = `${given.secret.slice(0, -1)}_`;
    const hostConfig = { authType: 'oauth2', host: given.host, clientId: given.client, clientSecret };
    const error = await users.getMyUser(options(hostConfig)).then(() => assert.fail('taken'), (raised) => raised);
    return { told: error.message };
  },

  async person() {
    const performInteractiveLogin = async ({ getLoginUrl }) => signedIn(await getLoginUrl({ redirectUri: given.redirect }));
    const hostConfig = {
      authType: 'oauth2', host: given.host, clientId: given.client, performInteractiveLogin,
      scope: 'user_default offline_access', ...(given.secret ? { clientSecret: given.secret } : {}),
    };
    assert.equal((await users.getMyUser(options(hostConfig))).data.id, given.user);
    // Its access token ends; the client signs in again.
    const list = await tokens.getOauthTokens({ userId: given.user }, options(apikey()));
    for (const one of list.data.data) await tokens.deleteOauthToken(one.id, options(apikey()));
    await new Promise((done) => { setTimeout(done, 1200); });
    assert.equal((await users.getMyUser(options(hostConfig))).data.id, given.user);
    return { tokens: list.data.data.length };
  },
};

const signedIn = async (url, decision = 'allow') =>
  (await fetch(given.browser, { method: 'POST', body: JSON.stringify({ url, decision }) })).text();

console.log(JSON.stringify(await stories[process.argv[3]]()));
process.exit(0);
