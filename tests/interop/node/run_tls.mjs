// Who is trusted, in both directions: npm's `ws` and `undici` against weft. For CTest, from this file's folder:
//
//   once:  npm ci --ignore-scripts      (in the folder above)
//   then:  WEFT_CERTS=<folder> node run_tls.mjs <weft-program>
//
// Every side names the authority that it trusts by itself. One line per case on stdout; status 0 only if all passed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, WebSocket as UndiciSocket } from 'undici';
import WebSocket, { WebSocketServer } from 'ws';
import { runCases, within } from '../support/cases.mjs';
import { Connect } from '../support/connect.mjs';
import { certificate, certificateFile, listenSecure, serveOptions } from '../support/secure.mjs';
import { endChild, Serve } from '../support/weft.mjs';

const RUN_MAX_MS = 60000;
if (!process.env.WEFT_CERTS) throw new Error('WEFT_CERTS is not set');
const ca = readFileSync(certificateFile('ca.pem'));
const otherCa = readFileSync(certificateFile('other-ca.pem'));
const UNTRUSTED = /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT/;

let program;

/** `weft serve` with a certificate of the tests, for one case. */
async function withServe(options, run, name = 'server') {
  const serve = await Serve.start(program, { tls: serveOptions(name), options });
  try {
    await run((host = 'localhost') => `wss://${host}:${serve.port}/echo`);
  } finally {
    await endChild(serve.child, 'SIGTERM');
  }
}

/** An echo through ws; the error when there is none. */
async function byWs(url, options) {
  const socket = new WebSocket(url, [], options);
  const closed = once(socket, 'close').catch(() => {});
  try {
    await once(socket, 'open');
    socket.send('knock');
    assert.equal((await once(socket, 'message'))[0].toString(), 'knock');
    return null;
  } catch (error) {
    return error;
  } finally {
    socket.close();
    await closed;
  }
}

/** The same through undici, whose agent knows the reason. */
async function byUndici(url, options) {
  const dispatcher = new Agent({ connect: options });
  let reason;
  dispatcher.on('connectionError', (origin, targets, error) => { reason = error; });
  const socket = new UndiciSocket(url, { dispatcher });
  const next = (type) => new Promise((resolve) => { socket.addEventListener(type, resolve, { once: true }); });
  const failure = next('error').then(({ error }) => reason ?? error ?? new Error('no reason'));
  const outcome = await Promise.race([next('open').then(() => null), failure]);
  if (!outcome) {
    const message = next('message');
    socket.send('knock');
    const answer = await Promise.race([message, failure]);
    if (answer instanceof Error) return answer;
    assert.equal(answer.data, 'knock');
    const close = next('close');
    socket.close(1000);
    assert.equal((await close).wasClean, true);
  }
  await dispatcher.destroy();
  return outcome;
}

const clients = { ws: byWs, undici: byUndici };

const clientCases = Object.entries(clients).flatMap(([name, dial]) => [
  { name: `${name}: the authority is trusted, the name and the address are in the certificate`, run: () => withServe([], async (url) => {
    for (const host of ['localhost', '127.0.0.1']) assert.equal(await dial(url(host), { ca }), null);
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      assert.equal(await dial(url(), { ca, minVersion: version, maxVersion: version }), null);
    }
  }) },
  { name: `${name}: refuses another authority`, run: () => withServe([], async (url) => {
    assert.match((await dial(url(), { ca: otherCa }))?.code ?? 'none', UNTRUSTED);
  }) },
  { name: `${name}: refuses another name`, run: () => withServe([], async (url) => {
    assert.equal((await dial(url(), { ca }))?.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  }, 'wrong-host') },
  { name: `${name}: shows its certificate`, run: () => withServe(['--tls-ca', certificateFile('ca.pem')], async (url) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      assert.equal(await dial(url(), { ca, maxVersion, ...certificate('client') }), null);
      const without = await dial(url(), { ca, maxVersion });
      assert.notEqual(without, null);
      const stranger = await dial(url(), { ca, maxVersion, ...certificate('stranger') });
      assert.notEqual(stranger, null);
    }
  }) },
]);

/** A server of ws that greets, for one case; run gets `weft connect` to it, and the server. */
async function withServer(options, name, run) {
  const server = await listenSecure(options, name);
  const sockets = new WebSocketServer({ server });
  try {
    await run((...args) => new Connect(program, ['--ca', certificateFile('ca.pem'), ...args,
      `wss://localhost:${server.address().port}/`], { input: null }), sockets);
  } finally {
    for (const client of sockets.clients) client.terminate();
    sockets.close();
    server.close();
  }
}

const refused = (name, pattern) => ({
  name: `weft connect: refuses the certificate "${name}"`,
  run: () => withServer({}, name, async (connect) => {
    const { status, stderr } = await connect().end;
    assert.equal(status, 1);
    assert.match(stderr, pattern);
  }),
});

const ask = { requestCert: true, rejectUnauthorized: true, ca };

const serverCases = [
  refused('expired', /the certificate has expired/),
  refused('future', /not valid yet/),
  refused('stranger', /unknown issuer/),
  refused('self', /self-signed/),
  refused('wrong-host', /is not for localhost/),
  ...['TLSv1.2', 'TLSv1.3'].map((version) => ({
    name: `weft connect: shows its certificate, ${version}`,
    run: () => withServer({ ...ask, minVersion: version, maxVersion: version }, 'server', async (connect, sockets) => {
      const comes = once(sockets, 'connection');
      const client = connect('--cert', certificateFile('client.pem'), '--key', certificateFile('client.key'));
      const [socket, request] = await comes;
      assert.equal(request.socket.getPeerCertificate().subject.CN, 'client');
      assert.equal(request.socket.getProtocol(), version);
      assert.equal(request.socket.servername, 'localhost');
      socket.close(1000);
      assert.equal((await client.end).status, 0);
      const without = await connect().end;
      assert.equal(without.status, 1);
      assert.match(without.stderr, /alert/);
    }),
  })),
];

async function main([given]) {
  if (!given) {
    console.error('usage: WEFT_CERTS=<folder> node run_tls.mjs <weft-program>');
    return 2;
  }
  program = given;
  const cleanUp = async () => {
    await Connect.killAll();
    await Serve.stopAll();
  };
  return (await within(RUN_MAX_MS, 'the run', cleanUp, () => runCases([...clientCases, ...serverCases]))) ? 1 : 0;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(error);
  process.exit(1);
}
