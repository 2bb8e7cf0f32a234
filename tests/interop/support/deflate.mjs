// All parameters of permessage-deflate that a peer can ask for, and what RFC 7692 lets be answered.
import assert from 'node:assert/strict';
import { once } from 'node:events';

const AT_ONCE = 16;

/** Bytes that look like chance and are the same in every run; mask 15 leaves half of them to a Huffman code. */
function noise(count, seed, mask = 255) {
  const out = Buffer.alloc(count);
  let state = seed;
  for (let index = 0; index < count; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[index] = (state >>> 24) & mask;
  }
  return out;
}

/** Each block twice, so that there are matches at the far end of each window and just behind it. */
function atAllDistances() {
  const blocks = [150, 300, 700, 1500, 3000, 6000, 9000, 14350].map((size) => noise(size, size, 15));
  return Buffer.concat(blocks.flatMap((block) => [block, block])).map((byte) => byte + 0x61);
}

const kibibyte = 'a thread, again '.repeat(64);
const chance = noise(1024, 1);
const far = atAllDistances();
const messages = [
  ['a short text', 'weft, weft, weft', false],
  ['1 KiB of text', kibibyte, false],
  ['the same 1 KiB of text', kibibyte, false],
  ['an empty text', '', false],
  ['1 KiB of chance', chance, true],
  ['the same 1 KiB of chance', chance, true],
  ['70 KB with matches at all distances', far, true],
  ['70 KB of chance', noise(70000, 2), true],
  ['no bytes', '', true],
  ['a few bytes', noise(20, 3), true],
];

/** Sends each message, expects it back, and answers how many bytes each has taken on its way back. */
async function echoAll(socket) {
  const taken = new Map();
  socket.on('error', () => {}); // What waits for the socket tells it.
  const closed = once(socket, 'close').then(([code]) => assert.fail(`closed with ${code}`));
  closed.catch(() => {});
  for (const [name, data, binary] of messages) {
    const before = socket._socket.bytesRead;
    const message = once(socket, 'message');
    socket.send(data, { binary });
    const [answer, isBinary] = await Promise.race([message, closed]);
    assert.equal(isBinary, binary, name);
    assert.ok(answer.equals(Buffer.from(data)), `${name}: ${answer.length} bytes came back, other than sent`);
    taken.set(name, socket._socket.bytesRead - before);
  }
  return taken;
}

/** Of what weft sends: that it compresses, and remembers if and only if that was agreed. */
async function echoesPacked(socket, { bits, takeover }) {
  const taken = await echoAll(socket);
  const packs = bits > 8;
  const far70 = taken.get('70 KB with matches at all distances');
  assert.equal(far70 < far.length * 0.75, packs, `${far70} bytes for 70 KB that can be compressed`);
  const again = taken.get('the same 1 KiB of chance');
  // A window of 10 bits just holds 1 KiB.
  assert.equal(again < 512, packs && takeover && bits >= 10, `${again} bytes for 1 KiB that went before`);
}

/** The parameters of the one extension of a header; null when there is none. */
function paramsOf(header) {
  if (!header) return null;
  const [name, ...params] = header.split(';').map((part) => part.trim());
  assert.equal(name, 'permessage-deflate');
  const pairs = params.map((param) => param.split('='));
  assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length, `a parameter comes twice in ${header}`);
  return Object.fromEntries(pairs.map(([key, value]) => [key, value === undefined ? true : Number(value)]));
}

const isBits = (value, most) => Number.isInteger(value) && value >= 8 && value <= most;

/** RFC 7692 7.1: the answer to an offer, of a server that uses windows up to windowBits. */
function assertLegal(offer, answer, windowBits = 15) {
  const known = {
    server_no_context_takeover: (value) => value === true,
    client_no_context_takeover: (value) => value === true,
    server_max_window_bits: (value) => isBits(value, Math.min(offer.server_max_window_bits ?? 15, windowBits)),
    client_max_window_bits: (value) => 'client_max_window_bits' in offer
      && isBits(value, offer.client_max_window_bits === true ? 15 : offer.client_max_window_bits),
  };
  for (const [key, value] of Object.entries(answer)) {
    assert.ok(Object.hasOwn(known, key) && known[key](value), `${key}=${value} was answered`);
  }
  for (const key of ['server_no_context_takeover', 'server_max_window_bits']) {
    assert.ok(!(key in offer) || key in answer, `${key} was not answered`);
  }
  assert.ok(windowBits === 15 || 'server_max_window_bits' in answer, 'the smaller window was not told');
}

/** What weft sends with. */
const serverSends = (answer) => ({
  bits: answer.server_max_window_bits ?? 15, takeover: !answer.server_no_context_takeover,
});
const clientSends = (answer) => ({
  bits: answer.client_max_window_bits ?? 15, takeover: !answer.client_no_context_takeover,
});

/** Runs all, some at a time, until one fails; the first failure tells its combination. */
async function inBatches(combinations, run) {
  const waiting = [...combinations];
  const worker = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      try {
        await run(one);
      } catch (error) {
        waiting.length = 0;
        throw new Error(`with ${JSON.stringify(one)}: ${error.message}`, { cause: error });
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const failure = outcomes.find(({ status }) => status === 'rejected');
  if (failure) throw failure.reason;
}

const allBits = [8, 9, 10, 11, 12, 13, 14, 15];
// Of ws, undefined is the parameter without a value in an offer, false its absence; true does not differ.
const takeovers = [[undefined, undefined], [true, undefined], [undefined, true], [true, true]];

function combinations([serverNoContextTakeover, clientNoContextTakeover], clientBits) {
  // Small pieces, so that zlib notices what reaches back over the window.
  const fixed = { threshold: 0, zlibInflateOptions: { chunkSize: 1024 }, zlibDeflateOptions: { level: 1 } };
  return [undefined, ...allBits].flatMap((serverMaxWindowBits) => clientBits.map((clientMaxWindowBits) => ({
    ...fixed, serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits,
  })));
}

function groups(role, clientBits, run) {
  return takeovers.map((takeover) => {
    const list = combinations(takeover, clientBits);
    const sides = ['server', 'client'].filter((_, index) => takeover[index]);
    const asked = sides.map((side) => `${side}_no_context_takeover`);
    return {
      name: `${role}: ${list.length} pairs of windows with ${asked.join(' and ') || 'takeover'}`,
      run: () => inBatches(list, run),
    };
  });
}

function offerOf(options) {
  const offer = {};
  if (options.serverNoContextTakeover) offer.server_no_context_takeover = true;
  if (options.clientNoContextTakeover) offer.client_no_context_takeover = true;
  if (options.serverMaxWindowBits) offer.server_max_window_bits = options.serverMaxWindowBits;
  if (options.clientMaxWindowBits !== false) offer.client_max_window_bits = options.clientMaxWindowBits ?? true;
  return offer;
}

/** Cases of clients; dial(perMessageDeflate) answers a socket of ws at an echo with windows up to windowBits. */
export function clientCases(role, windowBits, dial) {
  return groups(role, [false, undefined, ...allBits], async (perMessageDeflate) => {
    const socket = dial(perMessageDeflate);
    const [[response]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'open')]);
    const offer = offerOf(perMessageDeflate);
    const answer = paramsOf(response.headers['sec-websocket-extensions']);
    // A window of 8 bits cannot be written by zlib; that offer is declined.
    assert.equal(answer === null, offer.server_max_window_bits === 8, 'agreed or declined');
    if (answer) assertLegal(offer, answer, windowBits);
    await echoesPacked(socket, answer ? serverSends(answer) : { bits: 0 });
    const closed = once(socket, 'close');
    socket.close(1000);
    assert.equal((await closed)[0], 1000);
  });
}

/** Cases of servers; serve(perMessageDeflate, run) runs with the socket of a client that echoes, and both headers. */
export function serverCases(role, serve) {
  const check = async (socket, headers) => {
    const [offer, answer] = [paramsOf(headers.offer), paramsOf(headers.answer)];
    assert.ok(offer && answer, 'nothing was agreed');
    assertLegal(offer, answer);
    await echoesPacked(socket, clientSends(answer));
  };
  return groups(role, [undefined, ...allBits], (perMessageDeflate) => serve(perMessageDeflate, check));
}
