// `weft connect` against servers of npm's `ws`. For CTest, from this file's folder:
//
//   once:  npm ci --ignore-scripts      (in the folder above)
//   then:  node run_servers.mjs <weft-program>
//
// One line per case on stdout; status 0 only if all passed. Over TLS: see support/secure.mjs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { runCases, within } from '../support/cases.mjs';
import { Connect } from '../support/connect.mjs';
import { serverCases } from '../support/deflate.mjs';
import { isSecure, listenSecure, scheme } from '../support/secure.mjs';

const RUN_MAX_MS = 60000;
const MEBIBYTE = 1 << 20;

let program;

/** Runs a server of ws for one case; run gets its URL and `weft connect` as a function. */
async function withServer(options, run) {
  const host = isSecure ? { server: await listenSecure() } : { host: '127.0.0.1', port: 0 };
  const server = new WebSocketServer({ ...host, perMessageDeflate: false, ...options });
  if (!isSecure) await once(server, 'listening');
  try {
    await run({
      server,
      url: `${scheme}://127.0.0.1:${server.address().port}/some/path?query=1`,
      connect: (args, settings) => new Connect(program, args, settings),
    });
  } finally {
    for (const client of server.clients) client.terminate();
    server.close();
    host.server?.close();
  }
}

/** The next connection: its socket, and what came on it and how it was closed. */
async function nextPeer(server) {
  const [socket, request] = await once(server, 'connection');
  const peer = { socket, request, messages: [] };
  socket.on('message', (data, isBinary) => peer.messages.push({ data: Buffer.from(data), isBinary }));
  peer.closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: reason.toString() }));
  peer.closed.catch(() => {}); // A case that has failed does not wait for it.
  return peer;
}

const bytes = (count) => Buffer.from(Uint8Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
const echoTo = (peer) => peer.socket.on('message', (data, binary) => peer.socket.send(data, { binary }));

/** The server sends data and expects `weft connect --echo` to send the same back. */
async function echoedBack({ socket, messages }, data, { binary, fragments = [data] }) {
  const count = messages.length + 1;
  fragments.forEach((part, index) => socket.send(part, { binary, fin: index === fragments.length - 1 }));
  while (messages.length < count) await once(socket, 'message');
  const { data: answer, isBinary } = messages.at(-1);
  assert.equal(isBinary, binary);
  assert.ok(answer.equals(Buffer.from(data)), `${answer.length} bytes came back, other than sent`);
}

const echoes = [
  ['text', 'Grüße 👋', { binary: false }],
  ['empty text', '', { binary: false }],
  ['bytes', bytes(70000), { binary: true }],
  ['no bytes', bytes(0), { binary: true }],
  ['1 MiB of text', 'weft'.repeat(MEBIBYTE / 4), { binary: false }],
  ['1 MiB in fragments', bytes(MEBIBYTE), {
    binary: true, fragments: Array.from({ length: 16 }, (_, index) => bytes(MEBIBYTE).subarray(index << 16, (index + 1) << 16)),
  }],
  ['a text cut inside a character', 'a👋b', {
    binary: false, fragments: [...Buffer.from('a👋b')].map((byte) => Buffer.from([byte])),
  }],
];

/** A case in which the server closes or misbehaves, and what `weft connect` says of it. */
function endCase(name, act, check) {
  return { name: `connect: ${name}`, run: () => withServer({}, async ({ server, url, connect }) => {
    const peerComes = nextPeer(server);
    const client = connect([url], { input: null });
    const peer = await peerComes;
    act(peer);
    await check(await client.end, peer);
  }) };
}

const cases = [
  { name: 'connect: the lines of the input are texts, the answers lines', run: () => withServer({}, async ({ server, url, connect }) => {
    const peerComes = nextPeer(server);
    const client = connect([url], { input: 'one\n\nGrüße 👋\nno line end' });
    const peer = await peerComes;
    echoTo(peer);
    const { status, stdout, stderr } = await client.end;
    assert.deepEqual({ status, stdout: stdout.toString(), stderr }, {
      status: 0, stdout: 'one\n\nGrüße 👋\nno line end\n', stderr: '',
    });
    assert.deepEqual(peer.messages.map(({ data, isBinary }) => [data.toString(), isBinary]),
      [['one', false], ['', false], ['Grüße 👋', false], ['no line end', false]]);
    assert.equal((await peer.closed).code, 1000);
    assert.equal(peer.request.url, '/some/path?query=1');
  }) },
  { name: 'connect: 3 MiB of binary input come back', run: () => withServer({}, async ({ server, url, connect }) => {
    const data = bytes(3 * MEBIBYTE);
    const peerComes = nextPeer(server);
    const client = connect(['--binary', url], { input: data });
    const peer = await peerComes;
    echoTo(peer);
    const { status, stdout } = await client.end;
    assert.equal(status, 0);
    assert.ok(stdout.equals(data), `${stdout.length} bytes came back, other than sent`);
    assert.ok(peer.messages.every(({ isBinary }) => isBinary));
  }) },
  { name: 'connect --echo: sends back what comes, as it came', run: () => withServer({}, async ({ server, url, connect }) => {
    const peerComes = nextPeer(server);
    const client = connect(['--echo', url], { input: null });
    const peer = await peerComes;
    for (const [, data, options] of echoes) await echoedBack(peer, data, options);
    peer.socket.close(1000, 'enough');
    const { status } = await client.end;
    assert.equal(status, 0);
    assert.deepEqual(await peer.closed, { code: 1000, reason: 'enough' });
  }) },
  ...[
    { threshold: 0 },
    { threshold: 0, serverNoContextTakeover: true },
    { threshold: 0, clientNoContextTakeover: true },
    { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
    { threshold: 0, clientMaxWindowBits: 12, clientNoContextTakeover: true, serverNoContextTakeover: true },
  ].map((perMessageDeflate) => ({
    name: `connect --echo: compressed with ${JSON.stringify(perMessageDeflate)}`,
    run: () => withServer({ perMessageDeflate }, async ({ server, url, connect }) => {
      const peerComes = nextPeer(server);
      const client = connect(['--echo', url], { input: null });
      const peer = await peerComes;
      assert.match(peer.socket.extensions, /^permessage-deflate/);
      for (const [, data, options] of echoes) await echoedBack(peer, data, options);
      for (const [, data, options] of echoes) await echoedBack(peer, data, options);
      peer.socket.close(1000);
      assert.equal((await client.end).status, 0);
    }),
  })),
  ...(isSecure ? [] : serverCases('connect --echo', (perMessageDeflate, run) => withServer({ perMessageDeflate }, async ({ server, url, connect }) => {
    const answers = once(server, 'headers');
    const peerComes = once(server, 'connection');
    const client = connect(['--echo', url], { input: null });
    const [socket, request] = await Promise.race([
      peerComes, client.end.then(({ stderr }) => assert.fail(`the client has ended: ${stderr}`)),
    ]);
    const answer = (await answers)[0].find((line) => /^sec-websocket-extensions:/i.test(line));
    await run(socket, {
      offer: request.headers['sec-websocket-extensions'], answer: answer?.replace(/^[^:]*: */, ''),
    });
    socket.close(1000);
    assert.equal((await client.end).status, 0);
  }))),
  { name: 'connect --echo: pings are answered, also between fragments', run: () => withServer({}, async ({ server, url, connect }) => {
    const peerComes = nextPeer(server);
    const client = connect(['--echo', url], { input: null });
    const peer = await peerComes;
    const message = once(peer.socket, 'message');
    const pong = once(peer.socket, 'pong');
    peer.socket.send('first, ', { fin: false });
    peer.socket.ping('alive?');
    assert.equal((await pong)[0].toString(), 'alive?');
    peer.socket.send('second', { fin: true });
    assert.equal((await message)[0].toString(), 'first, second');
    peer.socket.close();
    assert.equal((await client.end).status, 0);
  }) },
  { name: 'connect: subprotocol, header and origin reach the server', run: () => withServer({
    handleProtocols: (offered) => [...offered].at(-1),
  }, async ({ server, url, connect }) => {
    const peerComes = nextPeer(server);
    const client = connect(['--protocol', 'one', '--protocol', 'two', '-H', 'X-Thread: blue',
      '--origin', 'http://loom.example', url]);
    const { socket, request } = await peerComes;
    assert.equal(socket.protocol, 'two');
    assert.equal(request.headers['sec-websocket-protocol'].replaceAll(' ', ''), 'one,two');
    assert.equal(request.headers['x-thread'], 'blue');
    assert.equal(request.headers.origin, 'http://loom.example');
    assert.equal((await client.end).status, 0);
  }) },
  { name: 'connect: a server that answers no subprotocol has failed', run: () => withServer({ handleProtocols: () => false }, async ({ url, connect }) => {
    const { status, stderr } = await connect(['--protocol', 'one', url]).end;
    assert.equal(status, 1);
    assert.notEqual(stderr, '');
  }) },
  { name: 'connect: a refused handshake tells its status', run: () => withServer({
    verifyClient: (info, done) => done(false, 403, 'no'),
  }, async ({ url, connect }) => {
    const { status, stderr } = await connect([url]).end;
    assert.equal(status, 1);
    assert.match(stderr, /403/);
  }) },
  { name: 'connect: a server of HTTP alone has failed', run: async () => {
    const server = isSecure ? await listenSecure() : createServer().listen(0, '127.0.0.1');
    server.on('request', (request, response) => response.end('a page'));
    if (!isSecure) await once(server, 'listening');
    try {
      const { status, stderr } = await new Connect(program, [`${scheme}://127.0.0.1:${server.address().port}/`]).end;
      assert.equal(status, 1);
      assert.match(stderr, /200/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  } },
  endCase('the code and reason of the server are told', ({ socket }) => socket.close(4001, 'tschüß'),
    async ({ status, stderr }, peer) => {
      assert.equal(status, 0);
      assert.match(stderr, /4001.*tschüß/);
      assert.deepEqual(await peer.closed, { code: 4001, reason: 'tschüß' });
    }),
  endCase('a Close without a code is clean', ({ socket }) => socket.close(), ({ status }) => assert.equal(status, 0)),
  endCase('a connection that breaks off is a failure', ({ socket }) => socket.terminate(), ({ status, stderr }) => {
    assert.equal(status, 1);
    assert.notEqual(stderr, '');
  }),
  endCase('a frame with a reserved opcode fails with 1002',
    ({ socket }) => socket._socket.write(Buffer.from([0x83, 0x00])),
    async ({ status }, peer) => {
      assert.equal(status, 1);
      assert.equal((await peer.closed).code, 1002);
    }),
  endCase('a masked frame fails with 1002',
    ({ socket }) => socket._socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x61])),
    async ({ status }, peer) => {
      assert.equal(status, 1);
      assert.equal((await peer.closed).code, 1002);
    }),
  endCase('text that is not UTF-8 fails with 1007',
    ({ socket }) => socket._socket.write(Buffer.from([0x81, 0x02, 0xc0, 0xaf])),
    async ({ status }, peer) => {
      assert.equal(status, 1);
      assert.equal((await peer.closed).code, 1007);
    }),
];

async function main([given]) {
  if (!given) {
    console.error('usage: node run_servers.mjs <weft-program>');
    return 2;
  }
  program = given;
  return (await within(RUN_MAX_MS, 'the run', Connect.killAll, () => runCases(cases))) ? 1 : 0;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(error);
  process.exit(1);
}
