// The vendor's older JavaScript client (`@qlik/sdk`), unmodified, against Tieline. Not a test: run by one.
//
//     node qlik_sdk.mjs FOLDER STORY < settings.json     (FOLDER has node_modules)
//
// Prints what it saw as one line of JSON; a failed assertion ends it with a traceback.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.argv[2]}/x.js`);
const { default: Qlik, Auth, AuthType } = await import(pathToFileURL(require.resolve('@qlik/sdk').replace('/cjs/', '/mjs/')).href);
const given = JSON.parse(readFileSync(0, 'utf8'));

const config = (apiKey = given.key) => ({ authType: AuthType.APIKey, host: given.host, apiKey });

const refused = async (call, status, kind) => {
  const error = await call.then(() => assert.fail(`not refused with ${status}`), (raised) => raised);
  assert.equal(error.status, status, `${error.stack} ${JSON.stringify(error.errors)}`);
  if (kind) assert.equal(error.constructor.name, kind);
  assert.equal(error.traceId.length, 32);
  const [first] = error.errors;
  assert.ok(first.code && first.title && first.detail);
  return first;
};

const walked = async (listing) => {
  const first = listing.length;
  const found = [];
  for await (const thing of listing.pagination) found.push(thing);
  assert.ok(found.length > first, `${first} ${found.length}`);
  assert.equal(new Set(found.map((thing) => thing.id)).size, found.length, 'an element came twice');
  return found;
};

const seven = async (make) => {
  const made = [];
  for (let n = 0; n < 7; n += 1) made.push(await make(n));
  return made;
};

const down = (name) => [6, 5, 4, 3, 2, 1, 0].map((n) => `${name} ${n}`);
const names = (things) => things.map((thing) => thing.name);

const stories = {
  async resources() {
    const qlik = new Qlik(config());
    const seen = {};

    await seven((n) => qlik.automations.create({ name: `Flow ${n}`, description: 'd' }));
    let found = await walked(await qlik.automations.getAutomations({ limit: 2, sort: '-name', filter: 'name co "Flow"' }));
    assert.deepEqual(names(found), down('Flow'));
    found = await walked(await qlik.automations.getAutomations({ limit: 2, sort: '+name' }));
    assert.deepEqual(names(found), down('Flow').reverse());
    const flow = await qlik.automations.get(found[0].id);
    assert.equal(flow.ownerId, given.user);
    await flow.set({ name: 'Renamed', description: 'new' });
    assert.equal((await qlik.automations.get(flow.id)).name, 'Renamed');
    await flow.disable();
    assert.equal((await qlik.automations.get(flow.id)).state, 'disabled');
    await flow.enable();
    for (let n = 0; n < 4; n += 1) assert.ok((await flow.createRun({ context: 'api' })).id);
    const runs = await walked(await flow.getRuns({ limit: 1 }));
    assert.equal(runs.length, 4);
    assert.equal((await flow.getRun(runs[0].id)).id, runs[0].id);
    await flow.delete();
    await refused(qlik.automations.get(flow.id), 404, 'NotFoundError');

    const me = await qlik.users.getMe();
    assert.deepEqual([me.id, me.tenantId, me.status], [given.user, given.tenant, 'active']);
    await seven((n) => qlik.users.create({ subject: `sub-${n}`, name: `Person ${n}` }));
    const people = await walked(await qlik.users.getUsers({ limit: 2, sort: '-name', filter: 'name sw "Person "' }));
    assert.deepEqual(names(people), down('Person'));
    const filtered = await walked(await qlik.users.filter({ filter: 'subject sw "sub-"' }, { limit: 2, sort: '-name' }));
    assert.deepEqual(names(filtered), down('Person'));
    await people[0].patch([{ op: 'replace', path: '/name', value: 'Renamed' }]);
    assert.equal((await qlik.users.get(people[0].id)).name, 'Renamed');
    await people[1].delete();
    assert.ok((await qlik.users.count()).total >= 7);

    await seven((n) => qlik.spaces.create({ name: `Space ${n}`, type: 'shared' }));
    const spaces = await walked(await qlik.spaces.getSpaces({ limit: 2, sort: '-name', name: 'Space' }));
    assert.deepEqual(names(spaces), down('Space'));
    for (const person of people.slice(2)) {
      await spaces[0].createAssignment({ type: 'user', assigneeId: person.id, roles: ['consumer'] });
    }
    const members = await walked(await spaces[0].getAssignments({ limit: 1 }));
    await spaces[0].setAssignment(members[0].id, { roles: ['facilitator'] });
    await spaces[0].deleteAssignment(members[1].id);
    await spaces[0].patch([{ op: 'replace', path: '/name', value: 'Patched' }]);
    assert.equal((await qlik.spaces.get(spaces[0].id)).name, 'Patched');
    await spaces[1].delete();
    seen.items = (await walked(await qlik.items.getItems({ limit: 2, sort: '+name' }))).length;

    await seven((n) => qlik.webIntegrations.create({ name: `Web ${n}`, validOrigins: ['https://a.example.com'] }));
    const web = await walked(await qlik.webIntegrations.getWebIntegrations({ limit: 2, sort: '+name' }));
    assert.deepEqual(names(web), down('Web').reverse());
    await web[0].patch([{ op: 'replace', path: '/validOrigins', value: ['https://b.example.com'] }]);
    assert.deepEqual((await qlik.webIntegrations.get(web[0].id)).validOrigins, ['https://b.example.com']);
    await web[0].delete();
    await refused(qlik.webIntegrations.get(web[0].id), 404, 'NotFoundError');

    await seven((n) => qlik.cspOrigins.create({ name: `Csp ${n}`, origin: `o${n}.example.com`, imgSrc: true }));
    const csp = await walked(await qlik.cspOrigins.getCspOrigins({ limit: 2, sort: '-name' }));
    assert.deepEqual(names(csp), down('Csp'));
    await csp[0].set({ name: 'put', origin: 'put.example.com', frameSrc: true });
    assert.match((await qlik.cspOrigins.generateHeader())['Content-Security-Policy'], /put\.example\.com/);
    await csp[0].delete();

    const types = (await qlik.webhooks.getEventTypes()).data.map((kind) => kind.name);
    await seven((n) => qlik.webhooks.create({ name: `Hook ${n}`, url: 'https://example.com/', eventTypes: [types[0]] }));
    const hooks = await walked(await qlik.webhooks.getWebhooks({ limit: 2, sort: '-name' }));
    assert.deepEqual(names(hooks), down('Hook'));
    await hooks[0].patch([{ op: 'replace', path: '/name', value: 'Patched' }]);
    await hooks[0].set({ name: 'Put', url: 'https://example.com/p', eventTypes: [types[0]] });
    assert.equal((await qlik.webhooks.get(hooks[0].id)).url, 'https://example.com/p');
    await hooks[0].delete();

    for (let n = 0; n < 4; n += 1) await qlik.apiKeys.create({ description: `Key ${n}`, expiry: 'PT1H' });
    const keys = await walked(await qlik.apiKeys.getApiKeys({ limit: 1, sort: '+description' }));
    await keys[1].patch([{ op: 'replace', path: '/description', value: 'Patched' }]);
    assert.equal((await qlik.apiKeys.get(keys[1].id)).description, 'Patched');
    await qlik.apiKeys.patchConfig(given.tenant, [{ op: 'replace', path: '/max_keys_per_user', value: 70 }]);
    assert.equal((await qlik.apiKeys.getConfig(given.tenant)).max_keys_per_user, 70);
    await keys[1].delete();

    const tenant = await qlik.tenants.getMe();
    assert.equal(tenant.id, given.tenant);
    await tenant.patch([{ op: 'replace', path: '/name', value: 'Patched' }]);
    assert.equal((await qlik.tenants.get(tenant.id)).name, 'Patched');
    seen.audits = (await walked(await qlik.audits.getAudits({ limit: 20, sort: '-eventTime' }))).length;
    seen.absent = (await refused(qlik.auth.rest('/apps'), 404, 'NotFoundError')).code;
    return seen;
  },

  async errors() {
    const seen = {};
    const qlik = new Qlik(config());
    seen[401] = (await refused(new Qlik(config('wrong')).users.getMe(), 401, 'AuthenticationError')).title;
    seen[400] = (await refused(qlik.automations.getAutomations({ limit: 100000 }), 400, 'CustomError')).title;
    seen[403] = (await refused(new Qlik(config(given.reader)).cspOrigins.create({ name: 'a', origin: 'b.c' }), 403)).title;
    return seen;
  },

  async machine() {
    const auth = new Auth({
      authType: AuthType.OAuth2, host: given.host, clientId: given.client, clientSecret: given.secret,
    });
    const answer = await auth.authorize();
    assert.equal(answer.token_type, 'bearer');
    assert.equal((await (await auth.rest('/users/me')).json()).id, given.user);
    await auth.deauthorize();
    auth.config.apiKey = answer.access_token;
    return { after: await refusedSoon(auth) };
  },

  async person() {
    const auth = new Auth({
      authType: AuthType.OAuth2, host: given.host, clientId: given.client, redirectUri: given.redirect,
      scopes: ['offline_access'], ...(given.secret ? { clientSecret: given.secret } : {}),
    });
    const first = await auth.authorize(await signedIn((await auth.generateAuthorizationUrl()).url));
    assert.equal((await (await auth.rest('/users/me')).json()).id, given.user);
    const second = await auth.refreshToken();
    assert.notEqual(second.access_token, first.access_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.equal((await (await auth.rest('/users/me')).json()).id, given.user);
    await auth.deauthorize();
    auth.config.apiKey = second.access_token;
    const { url } = await auth.generateAuthorizationUrl();
    const denied = await auth.authorize(await signedIn(url, 'deny')).catch((error) => error.error);
    return { after: await refusedSoon(auth), denied };
  },
};

const signedIn = async (url, decision = 'allow') =>
  (await fetch(given.browser, { method: 'POST', body: JSON.stringify({ url, decision }) })).text();

const refusedSoon = async (auth) => {
  for (const until = Date.now() + 10000; Date.now() < until;) {
    try {
      await auth.rest('/users/me');
    } catch (error) {
      assert.equal(error.constructor.name, 'AuthorizationError');
      return error.errors[0].title;
    }
  }
  return assert.fail('the token still works');
};

console.log(JSON.stringify(await stories[process.argv[3]]()));
