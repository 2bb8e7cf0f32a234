// The clients of npm's `ws` and `undici` against `weft serve`. For CTest, from this file's folder:
//
//   once:  npm ci --ignore-scripts      (in the folder above)
//   then:  node run_clients.mjs <weft-program>
//
// One line per case on stdout; status 0 only if all passed. Over TLS: see support/secure.mjs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket as UndiciSocket } from 'undici';
import WebSocket from 'ws';
import { runCases, within } from '../support/cases.mjs';
import { clientCases } from '../support/deflate.mjs';
import { isSecure } from '../support/secure.mjs';
import { Serve } from '../support/weft.mjs';

const RUN_MAX_MS = 60000;
const MEBIBYTE = 1 << 20;

let serve;
let narrowServe;
const open = new Set();

/** A client of ws that is ended with the run, however that ends. */
function dialAt(server, path, protocols = [], options = {}) {
  const socket = new WebSocket(server.ws(path), protocols, { perMessageDeflate: false, ...options });
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  return socket;
}

const dial = (...args) => dialAt(serve, ...args);

async function dialOpen(...args) {
  const socket = dial(...args);
  await once(socket, 'open');
  return socket;
}

async function closeOf(socket) {
  const [code, reason] = await once(socket, 'close');
  return { code, reason: reason.toString() };
}

/** Sends, and checks that the same comes back as the same kind. */
async function echoes(socket, data, { binary, fragments = [data] }) {
  const message = once(socket, 'message');
  fragments.forEach((part, index) => socket.send(part, { binary, fin: index === fragments.length - 1 }));
  const [answer, isBinary] = await message;
  assert.equal(isBinary, binary);
  assert.ok(answer.equals(Buffer.from(data)), `${answer.length} bytes came back, other than sent`);
}

/** The HTTP status of a refused handshake. */
async function refusal(path, options = {}, protocols = []) {
  const socket = dial(path, protocols, options);
  socket.on('error', () => {});
  const outcome = await Promise.race([
    once(socket, 'unexpected-response').then(([, response]) => response),
    once(socket, 'open').then(() => assert.fail('the handshake was not refused')),
  ]);
  const { statusCode, headers } = outcome;
  outcome.resume();
  socket.terminate();
  return { statusCode, headers };
}

const bytes = (count) => Buffer.from(Uint8Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8)) & 0xff));

function inParts(buffer, count) {
  const size = Math.ceil(buffer.length / count);
  return Array.from({ length: count }, (_, index) => buffer.subarray(index * size, (index + 1) * size));
}

async function withSocket(run, ...args) {
  const socket = await dialOpen(...args);
  await run(socket);
  socket.close(1000);
  assert.deepEqual(await closeOf(socket), { code: 1000, reason: '' });
}

const echoCases = [
  ['text', 'Grüße, weft 👋', { binary: false }],
  ['an empty text', '', { binary: false }],
  ['an empty binary message', '', { binary: true }],
  ['125 bytes', bytes(125), { binary: true }],
  ['126 bytes', bytes(126), { binary: true }],
  ['65 535 bytes', bytes(65535), { binary: true }],
  ['65 536 bytes', bytes(65536), { binary: true }],
  ['1 MiB of text', 'weft'.repeat(MEBIBYTE / 4), { binary: false }],
  ['1 MiB of bytes', bytes(MEBIBYTE), { binary: true }],
  ['a text in fragments, cut inside a character', 'a👋b', {
    binary: false, fragments: inParts(Buffer.from('a👋b'), 6),
  }],
  ['1 MiB in 64 fragments', bytes(MEBIBYTE), { binary: true, fragments: inParts(bytes(MEBIBYTE), 64) }],
  ['an empty last fragment', 'abc', { binary: false, fragments: ['abc', ''] }],
].map(([name, data, options]) => ({
  name: `ws: echo of ${name}`,
  run: () => withSocket((socket) => echoes(socket, data, options), '/echo'),
}));

const deflateCases = [
  { threshold: 0 },
  { threshold: 0, serverNoContextTakeover: true },
  { threshold: 0, clientNoContextTakeover: true },
  { threshold: 0, serverMaxWindowBits: 9 },
  { threshold: 0, clientMaxWindowBits: 9 },
  { threshold: 0, serverMaxWindowBits: 11, clientMaxWindowBits: 12, serverNoContextTakeover: true },
].map((perMessageDeflate) => ({
  name: `ws: compressed echo with ${JSON.stringify(perMessageDeflate)}`,
  run: () => withSocket(async (socket) => {
    assert.match(socket.extensions, /^permessage-deflate/);
    for (const size of [0, 1, 16, 64, 1024, 65536, 131072]) {
      await echoes(socket, 'weft'.repeat(size / 4), { binary: false });
      await echoes(socket, bytes(size), { binary: true });
      await echoes(socket, bytes(size), { binary: true, fragments: inParts(bytes(size), 5) });
    }
  }, '/echo', [], { perMessageDeflate }),
}));

const windowsAt = (windowBits, server) => clientCases(
  `ws: windows up to ${windowBits} bits`, windowBits,
  (perMessageDeflate) => dialAt(server(), '/echo', [], { perMessageDeflate }),
);

// The second server cannot use all that is asked for; what is asked of takeover changes nothing there. TLS changes
// nothing of it all: once is enough.
const windowCases = isSecure ? [] : [...windowsAt(15, () => serve), windowsAt(11, () => narrowServe)[0]];

const wsCases = [
  ...echoCases,
  ...deflateCases,
  ...windowCases,
  { name: 'ws: 500 messages come back in order', run: () => withSocket(async (socket) => {
    const answers = [];
    const all = new Promise((resolve) => {
      socket.on('message', (data) => { if (answers.push(data.toString()) === 500) resolve(); });
    });
    const sent = Array.from({ length: 500 }, (_, index) => `message ${index}`);
    sent.forEach((text) => socket.send(text));
    await all;
    assert.deepEqual(answers, sent);
  }, '/echo') },
  { name: 'ws: a ping between two fragments is answered with its payload', run: () => withSocket(async (socket) => {
    const pong = once(socket, 'pong');
    const message = once(socket, 'message');
    socket.send('first, ', { fin: false });
    socket.ping('are you there?');
    assert.equal((await pong)[0].toString(), 'are you there?');
    socket.send('second', { fin: true });
    assert.equal((await message)[0].toString(), 'first, second');
  }, '/echo') },
  { name: 'ws: the heartbeat pings and tells of the pongs', run: () => withSocket(async (socket) => {
    const [data] = await once(socket, 'message');
    const beat = JSON.parse(data);
    assert.equal(beat.type, 'heartbeat');
    assert.ok(beat.pings >= 1 && beat.pongs >= 1 && beat.rtt_ms >= 0, data.toString());
  }, '/heartbeat') },
  { name: 'ws: close codes and reasons come back', run: async () => {
    for (const [code, reason] of [[1000, ''], [1001, 'gone'], [3000, 'é'.repeat(61)], [4999, 'x'.repeat(123)]]) {
      const socket = await dialOpen('/echo');
      socket.close(code, reason);
      assert.deepEqual(await closeOf(socket), { code, reason });
    }
  } },
  { name: 'ws: a Close without a code is answered', run: async () => {
    const socket = await dialOpen('/echo');
    socket.close();
    assert.equal((await closeOf(socket)).code, 1005);
  } },
  { name: 'ws: text that is not UTF-8 is closed with 1007', run: async () => {
    const socket = await dialOpen('/echo');
    socket.send(Buffer.from([0x61, 0xff]), { binary: false });
    assert.equal((await closeOf(socket)).code, 1007);
  } },
  { name: 'ws: the server chooses a subprotocol that it knows', run: async () => {
    for (const [offered, chosen] of [[['echo'], 'echo'], [['other', 'json'], 'json']]) {
      await withSocket((socket) => assert.equal(socket.protocol, chosen), '/echo', offered);
    }
  } },
  { name: 'ws: without an offer there is no subprotocol', run: () => withSocket((socket) => {
    assert.equal(socket.protocol, '');
  }, '/echo') },
  { name: 'ws: the origin of the server is admitted, another is refused with 403', run: async () => {
    await withSocket(() => {}, '/echo', [], { origin: serve.url });
    for (const origin of ['http://evil.example', 'null', `${serve.url}0`]) {
      assert.equal((await refusal('/echo', { origin })).statusCode, 403, origin);
    }
  } },
  { name: 'ws: a path that is none is refused with 404', run: async () => {
    assert.equal((await refusal('/no-such-path')).statusCode, 404);
  } },
  { name: 'ws: version 8 is refused with 426 and the version spoken', run: async () => {
    const { statusCode, headers } = await refusal('/echo', { protocolVersion: 8 });
    assert.equal(statusCode, 426);
    assert.equal(headers['sec-websocket-version'], '13');
  } },
  { name: 'ws: 100 connections at once', run: async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => dialOpen('/echo')));
    await Promise.all(sockets.map((socket, index) => echoes(socket, `socket ${index}`, { binary: false })));
    await Promise.all(sockets.map((socket) => {
      const closed = closeOf(socket);
      socket.close(1000);
      return closed;
    }));
  } },
  { name: 'ws: two chat clients with one name', run: () => withSocket((first) => withSocket(async (second) => {
    const heard = (socket) => {
      const messages = [];
      const waiting = [];
      socket.on('message', (data) => {
        messages.push(JSON.parse(data));
        waiting.forEach((check) => check());
      });
      return (test) => new Promise((resolve) => {
        const check = () => {
          const found = messages.find(test);
          if (found) resolve(found);
        };
        waiting.push(check);
        check();
      });
    };
    const [firstHears, secondHears] = [heard(first), heard(second)];
    const signIn = (socket) => socket.send(JSON.stringify({ type: 'username', name: 'Ida' }));
    signIn(first);
    await firstHears((m) => m.type === 'username' && m.name === 'Ida');
    signIn(second);
    const { name, id } = await secondHears((m) => m.type === 'rejectusername');
    assert.notEqual(name, 'Ida');
    await firstHears((m) => m.type === 'userlist' && m.users.length === 2 && m.users.includes(name));
    second.send(JSON.stringify({ type: 'message', id, text: '<b>&amp;</b> "\\', date: Date.now() }));
    const message = await firstHears((m) => m.type === 'message');
    assert.deepEqual([message.id, message.name, message.text], [id, name, '<b>&amp;</b> "\\']);
    assert.ok(Number.isInteger(message.date));
    first.send('no JSON');
    await firstHears((m) => m.type === 'error');
  }, '/chat'), '/chat') },
];

/** The standard's own interface, as undici has it: the events come as in a browser. */
function undici(path, protocols) {
  const socket = new UndiciSocket(serve.ws(path), protocols);
  socket.binaryType = 'arraybuffer';
  const next = (type) => new Promise((resolve) => {
    socket.addEventListener(type, resolve, { once: true });
  });
  return { socket, next };
}

async function undiciOpen(path, protocols) {
  const client = undici(path, protocols);
  await Promise.race([client.next('open'), client.next('error').then((event) => assert.fail(event.message))]);
  return client;
}

const undiciCases = [
  ...[['text', 'Grüße 👋'], ['an empty text', ''], ['1 MiB of text', 'weft'.repeat(MEBIBYTE / 4)],
    ['bytes', bytes(70000)], ['no bytes', bytes(0)]].map(([name, data]) => ({
    name: `undici: echo of ${name}`,
    run: async () => {
      const { socket, next } = await undiciOpen('/echo');
      const message = next('message');
      socket.send(data);
      const answer = (await message).data;
      if (typeof data === 'string') assert.equal(answer, data);
      else assert.ok(Buffer.from(answer).equals(data));
      const close = next('close');
      socket.close(3001, 'bye');
      const { code, reason, wasClean } = await close;
      assert.deepEqual({ code, reason, wasClean }, { code: 3001, reason: 'bye', wasClean: true });
    },
  })),
  { name: 'undici: the subprotocol', run: async () => {
    const { socket, next } = await undiciOpen('/echo', ['other', 'echo']);
    assert.equal(socket.protocol, 'echo');
    const close = next('close');
    socket.close();
    assert.equal((await close).wasClean, true);
  } },
  // Of undici 6 a failed handshake is only told by `error`; its `close` never comes.
  { name: 'undici: a path that is none ends with an error', run: async () => {
    const { socket, next } = undici('/no-such-path');
    assert.equal((await next('error')).type, 'error');
    assert.notEqual(socket.readyState, UndiciSocket.OPEN);
  } },
];

const endCases = [
  { name: 'ws: the server ends with Close 1001 to all and status 0', run: async () => {
    const sockets = await Promise.all(['/echo', '/chat', '/heartbeat'].map((path) => dialOpen(path)));
    const closes = sockets.map(closeOf);
    assert.equal(await serve.stop(), 0);
    for (const close of closes) assert.equal((await close).code, 1001);
  } },
];

async function main([program]) {
  if (!program) {
    console.error('usage: node run_clients.mjs <weft-program>');
    return 2;
  }
  const cleanUp = async () => {
    for (const socket of open) socket.terminate();
    await Serve.stopAll();
  };
  const failures = await within(RUN_MAX_MS, 'the run', cleanUp, async () => {
    serve = await Serve.start(program);
    narrowServe = await Serve.start(program, { options: ['--deflate-window-bits', '11'] });
    return runCases([...wsCases, ...undiciCases, ...endCases]);
  });
  return failures ? 1 : 0;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(error);
  process.exit(1);
}
